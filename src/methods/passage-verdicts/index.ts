import { z } from 'zod';
import { compilePrompt, type FewShotExample, type PromptModel, tokenizePrompt, usesChat } from '../../prompt.js';
import { evidenceAt } from '../../task-types/answer/evidence.js';
import { answersIn, rejectBelow, unanswered } from '../../task-types/answer/values.js';
import type { AnswerOutput, EngineWith, Example, Gold, Output, TaskProfile } from '../../types.js';
import { type Calibration, calibrate, fittedCalibration, noCalibration } from '../calibration.js';
import { promptPart, tablePart } from '../explain.js';
import { contextField } from '../passage-options.js';
import { createSearch } from '../passage-spans/passage-reading.js';
import { joinSentences, nothingFound, type Passage, type PassageIndex, readAnyway } from '../passages.js';
import { startPool } from '../start-calibration.js';
import type { Method, MethodContext, PieceInput } from '../types.js';
import { evidenceSentence } from './evidence-sentence.js';

const optionsSchema = z.strictObject({
  verdicts: z
    .array(z.string().min(1))
    .min(2)
    .default(['yes', 'no', 'maybe'])
    .describe('The answers to choose from; each begins with another token.'),
  shots: z.int().min(0).default(0).describe('Number of examples in the prompt, one of each verdict in turn.'),
  windowLength: z.int().min(200).max(8000).default(3000).describe('Characters of the passage, in whole sentences.'),
  contextField,
  poolSize: z.int().min(0).default(100).describe('Examples that the probabilities are fitted on.'),
});
type Options = z.infer<typeof optionsSchema>;

/** Chooses yes, no or maybe by what the best passage says, and copies the sentence that shows it. */
export const passageVerdicts: Method<'scores'> = {
  name: 'passage-verdicts',
  title: 'yes, no or maybe, with the sentence that shows it',
  taskTypes: ['answer'],
  needs: ['scores'],
  options: optionsSchema,
  defaultPrompt: () => ({
    instruction: 'Answer the question by what the passage says: yes, no or maybe.',
    base: 'Passage: {{ context }}\nQuestion: {{ question }}\nAnswer (yes, no or maybe):',
    chat: 'Passage: {{ context }}\n\nQuestion: {{ question }}\n\nAnswer with one word: yes, no or maybe.',
    use: 'able',
  }),
  vocabulary: 'whole',

  check(profile) {
    const { verdicts } = optionsSchema.parse(profile.options);
    return (gold: Gold) => {
      const wrong = answersIn(gold).find((each) => verdictOf(each, verdicts) === -1);
      return wrong === undefined ? null : `"${wrong}" is not one of the verdicts ${verdicts.join(', ')}`;
    };
  },

  renderer(profile, model) {
    return rendererOf(profile, model, optionsSchema.parse(profile.options));
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = optionsSchema.parse(profile.options);
    const reader = createReader(engine, profile, options);
    const search = createSearch(context.documents, options);
    const calibration = await calibrationFor(context, options, reader);

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const window = bestWindow(search(record), record.text, options);
        if (window === undefined) {
          return { output: unanswered(0, nothingFound), explanation: [] };
        }
        const text = reader.render(fieldsOf(record.fields, window, profile, options));
        const { output, scores, probabilities } = await engine.hold(async () => {
          const scored = await reader.score(text);
          const likely = calibrate(scored, calibration);
          const best = likely.indexOf(Math.max(...likely));
          const verdict = options.verdicts[best] as string;
          const sentence = await evidenceSentence(engine, profile, text, verdict, window);
          const { document, text: words, start, end } = sentence;
          const given: AnswerOutput = {
            type: 'answer',
            answer: verdict,
            isVerdict: true,
            score: likely[best] as number,
            evidence: evidenceAt(document, { start, end }, words),
          };
          return { output: given, scores: scored, probabilities: likely };
        });
        if (!explain) return { output, explanation: [] };
        const rows = options.verdicts.map((verdict, i) => [
          verdict,
          (scores[i] as number).toFixed(4),
          (probabilities[i] as number).toFixed(4),
        ]);
        return {
          output,
          explanation: [promptPart(text), tablePart('verdicts', [['verdict', 'log p', 'probability'], ...rows])],
        };
      },

      decide: (output: Output) =>
        rejectBelow(output as AnswerOutput, profile.threshold.min, 'no verdict is sure enough'),
    };
  },
};

/** The passage to read; where no word is shared, the only one that there is. */
function bestWindow(index: PassageIndex, question: string, { windowLength }: Options): Passage[] | undefined {
  const [best] = index.windows(question, 1, windowLength);
  if (best !== undefined) return best;
  const all = readAnyway(index, windowLength, 1);
  return all.length === 1 ? all[0] : undefined;
}

interface VerdictReader {
  readonly render: ReturnType<typeof compilePrompt>;
  /** Log-probability of each verdict, nats. */
  score(text: ReturnType<ReturnType<typeof compilePrompt>>): Promise<number[]>;
}

function createReader(engine: EngineWith<'scores'>, profile: TaskProfile, options: Options): VerdictReader {
  const render = rendererOf(profile, engine.model, options);
  const words = options.verdicts.map((verdict) =>
    engine.tokenize((usesChat(profile, engine.model) ? '' : ' ') + verdict),
  );
  return { render, score: (text) => engine.scoreContinuations(tokenizePrompt(engine, text), words) };
}

function rendererOf(profile: TaskProfile, model: PromptModel, options: Options) {
  return compilePrompt(profile, model, { shots: shotsOf(profile, options) });
}

/** Examples with their own passage, one of each verdict in turn. */
function shotsOf(profile: TaskProfile, { verdicts, shots, contextField }: Options): FewShotExample[] {
  const own = profile.examples.filter(({ record }) => typeof record.fields[contextField] === 'string');
  const byVerdict = verdicts.map((_, at) => own.filter((example) => goldVerdict(example, verdicts) === at));
  return Array.from({ length: shots }, (_, i) => {
    const at = i % verdicts.length;
    const example = byVerdict[at]?.[Math.floor(i / verdicts.length)];
    return example === undefined ? [] : [{ fields: example.record.fields, target: verdicts[at] as string }];
  }).flat();
}

function fieldsOf(
  fields: Readonly<Record<string, unknown>>,
  window: readonly Passage[],
  profile: TaskProfile,
  { contextField }: Options,
): Record<string, unknown> {
  const heading = window[0]?.heading ?? '';
  const text = joinSentences(window.map((passage) => passage.text));
  return {
    ...fields,
    [contextField]: `${heading === '' ? '' : `${heading}: `}${text}`,
    [profile.input]: fields[profile.input],
  };
}

/** Fitted on the examples of the profile, once, then from the cache; none with too few of them. */
async function calibrationFor(
  context: MethodContext<'scores'>,
  options: Options,
  reader: VerdictReader,
): Promise<Calibration> {
  const { profile, engine, cache } = context;
  const { verdicts } = options;
  const shots = new Set(shotsOf(profile, options).map(({ fields }) => fields));
  const all = profile.examples
    .filter((example) => goldVerdict(example, verdicts) !== -1 && !shots.has(example.record.fields))
    .slice(0, options.poolSize);
  if (all.length < smallestPool) return noCalibration(verdicts.length);
  const key = ['verdicts 1', engine.model.sha256 ?? engine.model.path, profile.digest].join(' ');
  const known = calibrationSchema.safeParse(await cache.get(key));
  if (known.success && known.data.bias.length === verdicts.length) return known.data;
  const search = createSearch(await context.ownDocuments(), options);
  const texts = all.flatMap((example) => {
    const { record } = example;
    const window = bestWindow(search(record), record.text, options);
    return window === undefined
      ? []
      : [{ example, text: reader.render(fieldsOf(record.fields, window, profile, options)) }];
  });
  const pool = startPool(context, texts, ({ text }) => tokenizePrompt(engine, text).input.length);
  if (pool.length < smallestPool) {
    context.onShortened?.(0, texts.length);
    return noCalibration(verdicts.length);
  }
  let done = 0;
  const scores = await Promise.all(
    pool.map(async ({ text }) => {
      const scored = await reader.score(text);
      context.onProgress('calibrating', ++done, pool.length);
      return scored;
    }),
  );
  const calibration = fittedCalibration(
    scores,
    pool.map(({ example }) => goldVerdict(example, verdicts)),
  );
  await cache.set(key, calibration);
  if (pool.length < texts.length) context.onShortened?.(pool.length, texts.length);
  return calibration;
}

const smallestPool = 16;
const calibrationSchema = z.object({ bias: z.array(z.number()), temperature: z.number().positive() });

/** The place of the right verdict; −1 where an example has none. */
function goldVerdict({ gold }: Example, verdicts: readonly string[]): number {
  const [answer] = answersIn(gold);
  return answer === undefined ? -1 : verdictOf(answer, verdicts);
}

function verdictOf(answer: string, verdicts: readonly string[]): number {
  return verdicts.findIndex((verdict) => verdict.toLowerCase() === answer.trim().toLowerCase());
}
