import { z } from 'zod';
import { fitPlatt, type Platt, plattProbability } from '../../linear/platt.js';
import { compilePrompt, type PromptModel, type PromptRenderer, usesChat } from '../../prompt.js';
import type { EngineWith, Example, Label, Prompt, TaskProfile, Token } from '../../types.js';
import { calibrationItems } from '../calibration.js';
import { deciderFor, undecided } from '../decide.js';
import { promptPart, tablePart } from '../explain.js';
import { modelKey } from '../model-key.js';
import { promptLength, roomForText, splitPrompt } from '../parts.js';
import { startPool } from '../start-calibration.js';
import type { Method, MethodContext, PieceInput } from '../types.js';
import { classifyingPrompt } from '../usual-prompts.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(4).describe('Number of example decisions in the prompt, half of them "no".'),
  calibration: z
    .enum(['none', 'contextual', 'fitted'])
    .default('fitted')
    .describe('`fitted`, `contextual` or `none`: how the bias for yes or no is removed.'),
  yes: z.string().min(1).default('yes').describe('What the model says when a label holds.'),
  no: z.string().min(1).default('no').describe('What it says when the label does not hold.'),
});
type Options = z.infer<typeof optionsSchema>;

/** Fields that the template gets beside the record's own. */
const labelFields = ['label', 'description'] as const;
const contentFree = ['N/A', '[MASK]', '...'];
const smallestPool = 8;

/** One yes-or-no decision a label, scored, for tasks in which several labels can hold. The text is read once. */
export const labelDecisions: Method<'scores'> = {
  name: 'label-decisions',
  title: 'scored yes-or-no decisions',
  taskTypes: ['classify'],
  needs: ['scores'],
  options: optionsSchema,
  defaultPrompt: classifyingPrompt,
  vocabulary: 'trimmed',

  renderer(profile, model) {
    const render = rendererOf(profile, model, optionsSchema.parse(profile.options));
    return (fields) => render({ ...fields, ...fieldsOf(profile.labels[0] as Label) });
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, engine.model, options);
    const separator = usesChat(profile, engine.model) ? '' : ' ';
    const words = [options.yes, options.no].map((word) => engine.tokenize(separator + word));
    const promptOf = (fields: Readonly<Record<string, unknown>>, label: Label) =>
      splitPrompt(engine, render({ ...fields, ...fieldsOf(label) }), labelFields);
    const oddsOf = (fields: Readonly<Record<string, unknown>>, label: Label) =>
      logOdds(engine, promptOf(fields, label), words);
    const tokensOf = ({ record }: Example) => {
      const prompts = profile.labels.map((label) => promptOf(record.fields, label));
      return (prompts[0]?.prefix[1]?.length ?? 0) + prompts.reduce((sum, { input }) => sum + input.length, 0);
    };
    const decisions = await calibrationFor(context, options, oddsOf, tokensOf);
    const around = render({ [profile.input]: 'x', ...fieldsOf(longest(profile.labels)) });
    const overhead = promptLength(splitPrompt(engine, around, labelFields));

    return {
      maxPieceTokens: roomForText(engine, profile, around, overhead + 8),

      async predict({ record, text, explain }: PieceInput) {
        const fields = { ...record.fields, [profile.input]: text };
        const odds: number[] = [];
        for (const label of profile.labels) odds.push(await oddsOf(fields, label));
        const probabilities = odds.map((value, i) => plattProbability(decisions[i] as Platt, value));
        const output = undecided(
          profile.labels.map(({ name }) => name),
          probabilities,
        );
        const rows = profile.labels.map((label, i) => [
          label.name,
          (odds[i] as number).toFixed(4),
          (probabilities[i] as number).toFixed(4),
        ]);
        const shown = render({ ...fields, ...fieldsOf(profile.labels[0] as Label) });
        return {
          output,
          explanation: explain
            ? [promptPart(shown), tablePart('decisions', [['label', 'log-odds of yes', 'probability'], ...rows])]
            : [],
        };
      },

      decide: deciderFor(profile, true),
    };
  },
};

function rendererOf(profile: TaskProfile, model: PromptModel, options: Options): PromptRenderer {
  return compilePrompt(profile, model, { shots: decisionShots(profile, options) });
}

/** Alternates decisions that hold with ones that do not, and walks through labels and examples. */
function decisionShots(profile: TaskProfile, options: Options) {
  const shots = [];
  for (let i = 0; i < Math.min(options.shots, profile.examples.length); i++) {
    const example = profile.examples[i];
    if (example === undefined || example.gold.type !== 'classify') continue;
    const held = example.gold.labels;
    const wanted = i % 2 === 0;
    const candidates = profile.labels.filter((label) => held.includes(label.name) === wanted);
    const label = candidates[i % Math.max(1, candidates.length)];
    if (label === undefined) continue;
    shots.push({
      fields: { ...example.record.fields, ...fieldsOf(label) },
      target: wanted ? options.yes : options.no,
    });
  }
  return shots;
}

function fieldsOf(label: Label): Record<(typeof labelFields)[number], string> {
  return { label: label.word, description: label.description };
}

async function logOdds(engine: EngineWith<'scores'>, prompt: Prompt, words: readonly Token[][]): Promise<number> {
  const [yes, no] = await engine.scoreContinuations(prompt, words);
  return (yes as number) - (no as number);
}

async function calibrationFor(
  context: MethodContext<'scores'>,
  options: Options,
  oddsOf: (fields: Readonly<Record<string, unknown>>, label: Label) => Promise<number>,
  tokensOf: (example: Example) => number,
): Promise<Platt[]> {
  const { profile, engine, cache } = context;
  if (options.calibration === 'none') return profile.labels.map(() => ({ slope: 1, intercept: 0 }));
  const all = profile.examples.slice(options.shots);
  const wanted = all.length < smallestPool ? 'contextual' : options.calibration;
  const key = ['decisions 1', wanted, modelKey(engine), profile.digest].join(' ');
  const known = z.array(z.object({ slope: z.number(), intercept: z.number() })).safeParse(await cache.get(key));
  if (known.success && known.data.length === profile.labels.length) return known.data;

  const pool = startPool(context, all, tokensOf);
  const kind = pool.length < smallestPool ? 'contextual' : wanted;
  const inputs =
    kind === 'contextual' ? contentFree.map((text) => ({ [profile.input]: text })) : pool.map((e) => e.record.fields);
  let done = 0;
  const odds = await Promise.all(
    inputs.map((fields) =>
      engine.hold(async () => {
        const row: number[] = [];
        for (const label of profile.labels) row.push(await oddsOf(fields, label));
        context.onProgress('calibrating', ++done, inputs.length, calibrationItems(kind));
        return row;
      }),
    ),
  );
  const decisions = profile.labels.map((label, i) => {
    const column = odds.map((row) => row[i] as number);
    if (kind === 'contextual') {
      return { slope: 1, intercept: -column.reduce((sum, value) => sum + value, 0) / column.length };
    }
    const holds = pool.map((e) => e.gold.type === 'classify' && e.gold.labels.includes(label.name));
    return fitPlatt(column, holds);
  });
  await cache.set(key, decisions);
  const used = kind === 'contextual' ? 0 : pool.length;
  if (wanted !== 'contextual' && used < all.length) context.onShortened?.(used, all.length);
  return decisions;
}

function longest(labels: readonly Label[]): Label {
  return labels.reduce((a, b) => (b.word.length + b.description.length > a.word.length + a.description.length ? b : a));
}
