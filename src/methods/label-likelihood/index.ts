import { z } from 'zod';
import { type PromptRenderer, tokenizePrompt, usesChat } from '../../prompt.js';
import type { EngineWith, Token } from '../../types.js';
import {
  batchCalibration,
  type Calibration,
  type CalibrationKind,
  calibrate,
  calibrationItems,
  calibrationKinds,
  contextualCalibration,
  fittedCalibration,
  noCalibration,
} from '../calibration.js';
import { deciderFor, undecided } from '../decide.js';
import { promptPart, tablePart } from '../explain.js';
import {
  balancedExamples,
  ensembleExamples,
  examplePool,
  labelExamples,
  labelOf,
  withoutExamples,
} from '../few-shot.js';
import { labelPrompts, labelRenderer } from '../label-prompts.js';
import { learnedBy, learnedPromptShape, withLearnedPrompt } from '../learned.js';
import { meanScores } from '../mean-scores.js';
import { modelKey } from '../model-key.js';
import { exampleChoice } from '../nearest-examples.js';
import { prefixLength } from '../parts.js';
import { spread, startPool } from '../start-calibration.js';
import type { Method, MethodContext, PieceInput } from '../types.js';
import { classifyingPrompt } from '../usual-prompts.js';

const learns = {
  schema: z.strictObject({
    ...learnedPromptShape,
    /** Divides the scores, and what is taken off them: one number a label. */
    calibration: z.strictObject({ temperature: z.number().positive(), bias: z.array(z.number()) }).optional(),
  }),
  apply: withLearnedPrompt,
};

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(16).describe('Number of few-shot examples in the prompt.'),
  choice: exampleChoice,
  calibration: z
    .enum(calibrationKinds)
    .default('fitted')
    .describe('`fitted`, `batch`, `contextual` or `none`: how the bias of the prompt is removed.'),
  poolSize: z
    .int()
    .min(1)
    .default(200)
    .describe('Examples outside the prompt that calibration may score, spread evenly over the file.'),
});
type Options = z.infer<typeof optionsSchema>;

/** Inputs without content, for contextual calibration; from Zhao et al. 2021. */
const contentFree = ['N/A', '[MASK]', '...'];

/** Fewer examples than this say too little about a bias. */
const smallestPool = 8;

/** Fewer of many, taken to answer soon, are no better than texts without content: SST-2, 1.5B, 0.923 by 23, 0.933 by none. */
const smallestPart = 16;

/** Scores every label as the continuation of the prompt; nothing is generated. */
export const labelLikelihood: Method<'scores'> = {
  name: 'label-likelihood',
  title: 'scored labels',
  taskTypes: ['classify'],
  needs: ['scores'],
  options: optionsSchema,

  renderer(profile, model) {
    return labelRenderer(profile, model, optionsSchema.parse(profile.options));
  },

  defaultPrompt: classifyingPrompt,
  vocabulary: 'trimmed',
  learns,
  candidates: async () => (await import('./candidates.js')).plan,

  reads(profile) {
    const { shots, choice } = optionsSchema.parse(profile.options);
    const own = choice === 'nearest' ? examplePool(profile) : labelExamples(profile, shots);
    return [own, ensembleExamples(profile)];
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = optionsSchema.parse(profile.options);
    const prompts = labelPrompts(profile, engine, options);
    const separator = usesChat(profile, engine.model) ? '' : ' ';
    const words = profile.labels.map((label) => engine.tokenize(separator + label.word));
    const calibration = await calibrationFor(context, options, words);
    const longestWord = Math.max(...words.map((tokens) => tokens.length));

    return {
      maxPieceTokens: prompts.longestText(longestWord),
      apart: prompts.several,

      async predict({ record, text, explain }: PieceInput) {
        const shown = prompts.render({ ...record.fields, [profile.input]: text });
        const each = await Promise.all(
          shown.map((prompt) => engine.scoreContinuations(tokenizePrompt(engine, prompt), words)),
        );
        const scores = meanScores(each);
        const probabilities = calibrate(scores, calibration);
        const output = undecided(
          profile.labels.map(({ name }) => name),
          probabilities,
        );
        const rows = profile.labels.map((label, i) => [
          label.name,
          JSON.stringify(separator + label.word),
          (scores[i] as number).toFixed(4),
          (calibration.bias[i] as number).toFixed(4),
          (probabilities[i] as number).toFixed(4),
        ]);
        return {
          output,
          explanation: explain
            ? [
                ...shown.map(promptPart),
                tablePart('scores', [['label', 'scored text', 'log p', 'bias', 'probability'], ...rows]),
                {
                  title: 'calibration',
                  body: `${options.calibration}: probability ∝ exp(log p / ${calibration.temperature.toFixed(3)} − bias)`,
                },
              ]
            : [],
        };
      },

      decide: deciderFor(profile, false),
    };
  },
};

/** Computed once for a profile and model, then kept in the cache. */
async function calibrationFor(
  context: MethodContext<'scores'>,
  options: Options,
  words: readonly Token[][],
): Promise<Calibration> {
  const { profile, engine, cache } = context;
  if (options.calibration === 'none') return noCalibration(words.length);
  const learned = learnedBy(learns.schema, profile)?.calibration;
  if (learned !== undefined) return learned;
  // The nearest ones change from text to text, and none stands in its own prompt.
  const shots = options.choice === 'nearest' ? [] : balancedExamples(profile.examples, profile.labels, options.shots);
  const all = spread(withoutExamples(profile.examples, shots), options.poolSize);
  const wanted = all.length < smallestPool ? 'contextual' : options.calibration;
  const key = ['calibration 1', wanted, modelKey(engine), profile.digest].join(' ');
  const known = calibrationSchema.safeParse(await cache.get(key));
  if (known.success && known.data.bias.length === words.length) return known.data;

  const render = labelRenderer(profile, engine.model, options);
  const steps = words.reduce((sum, tokens) => sum + tokens.length - 1, 0);
  const pool = startPool(
    context,
    all,
    ({ record }) => tokenizePrompt(engine, render(record.fields)).input.length + steps,
    all[0] === undefined ? 0 : prefixLength(tokenizePrompt(engine, render(all[0].record.fields))),
  );
  const kind = pool.length < Math.min(smallestPart, all.length) ? 'contextual' : wanted;
  const inputs =
    kind === 'contextual' ? contentFree.map((text) => ({ [profile.input]: text })) : pool.map((e) => e.record.fields);
  const scores = await scoreAll(engine, render, words, inputs, (done) =>
    context.onProgress('calibrating', done, inputs.length, calibrationItems(kind)),
  );
  const gold = pool.map((example) => profile.labels.findIndex((label) => label.name === labelOf(example)));
  const calibration = fit(kind, scores, gold);
  await cache.set(key, calibration);
  const used = kind === 'contextual' ? 0 : pool.length;
  if (wanted !== 'contextual' && used < all.length) context.onShortened?.(used, all.length);
  return calibration;
}

const calibrationSchema = z.object({ bias: z.array(z.number()), temperature: z.number().positive() });

function fit(kind: CalibrationKind, scores: number[][], gold: readonly number[]): Calibration {
  if (kind === 'contextual') return contextualCalibration(scores);
  return kind === 'batch' ? batchCalibration(scores) : fittedCalibration(scores, gold);
}

async function scoreAll(
  engine: EngineWith<'scores'>,
  render: PromptRenderer,
  words: readonly Token[][],
  inputs: readonly Readonly<Record<string, unknown>>[],
  onDone: (done: number) => void,
): Promise<number[][]> {
  let done = 0;
  return Promise.all(
    inputs.map(async (fields) => {
      const scores = await engine.scoreContinuations(tokenizePrompt(engine, render(fields)), words);
      onDone(++done);
      return scores;
    }),
  );
}
