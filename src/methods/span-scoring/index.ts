import { z } from 'zod';
import { compilePrompt, type PromptModel, type PromptRenderer, usesChat } from '../../prompt.js';
import { words as wordsOf } from '../../segment.js';
import { overlaps } from '../../spans.js';
import type { Entity, Example, ExtractOutput, Output, Span, TaskProfile, Token } from '../../types.js';
import { type Calibration, calibrate, fittedCalibration, noCalibration } from '../calibration.js';
import { promptPart, tablePart } from '../explain.js';
import { modelKey } from '../model-key.js';
import { promptLength, roomForText, splitPrompt } from '../parts.js';
import { startPool } from '../start-calibration.js';
import type { DefaultPrompt, Method, MethodContext, PieceInput } from '../types.js';
import { nameCandidates, phraseCandidates } from './spans.js';

const spanPrompt: DefaultPrompt = {
  instruction: 'Say what each name in the text is.',
  base: 'Text: {{ text }}\nName: {{ span }}\nKind:',
  chat: 'Text: {{ text }}\n\nWhat kind of thing is "{{ span }}"?',
  use: 'base',
};

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(12).describe('Number of example spans in the prompt.'),
  candidates: z
    .enum(['names', 'phrases'])
    .default('names')
    .describe('`names`: spans that look like names; `phrases`: all short phrases.'),
  longestPhrase: z.int().min(1).max(12).default(4).describe('Words of the longest phrase.'),
  none: z.string().min(1).default('nothing').describe('What the model says of a span that is not an entity.'),
  calibration: z
    .enum(['none', 'fitted'])
    .default('fitted')
    .describe('`fitted`: bias and temperature, on the examples; or `none`.'),
  poolSize: z.int().min(1).default(80).describe('Examples outside the prompt that calibration may score.'),
  pieceTokens: z.int().min(16).default(256).describe('Longer texts are read in pieces of whole sentences.'),
});
type Options = z.infer<typeof optionsSchema>;

/** The field that a template uses for the span in question. */
const spanField = 'span';
const smallestPool = 8;
/** With few examples of a larger pool the fit does harm: F1 0.235 with 5, 0.365 without (CoNLL, 24 sentences, 0.5B). */
const smallestPart = 20;

/** Proposes spans by their shape and scores the label words, and "none", for each. */
export const spanScoring: Method<'scores'> = {
  name: 'span-scoring',
  title: 'scored candidate spans',
  taskTypes: ['extract'],
  needs: ['scores'],
  options: optionsSchema,
  defaultPrompt: () => spanPrompt,
  vocabulary: 'whole',

  renderer(profile, model) {
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, model, options);
    return (fields) => {
      const text = String(fields[profile.input] ?? '');
      const [first] = candidatesOf(text, options);
      return render({ ...fields, [spanField]: first === undefined ? '' : text.slice(first.start, first.end) });
    };
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, engine.model, options);
    const separator = usesChat(profile, engine.model) ? '' : ' ';
    // The last one is "none".
    const words = [...profile.labels.map((label) => label.word), options.none].map((word) =>
      engine.tokenize(separator + word),
    );
    const steps = words.reduce((sum, tokens) => sum + tokens.length - 1, 0);
    const promptOf = (fields: Readonly<Record<string, unknown>>, span: string) =>
      splitPrompt(engine, render({ ...fields, [spanField]: span }), [spanField]);
    const score = (fields: Readonly<Record<string, unknown>>, span: string) =>
      engine.scoreContinuations(promptOf(fields, span), words);
    const tokensOf = ({ record: { text, fields } }: Example) => {
      const prompts = candidatesOf(text, options).map(({ start, end }) => promptOf(fields, text.slice(start, end)));
      return (prompts[0]?.prefix[1]?.length ?? 0) + prompts.reduce((sum, { input }) => sum + input.length + steps, 0);
    };
    const calibration = await calibrationFor(context, options, score, words, tokensOf);
    const around = render({ [profile.input]: 'x', [spanField]: 'x' });
    const room = roomForText(engine, profile, around, promptLength(splitPrompt(engine, around, [spanField])) + 64);

    return {
      maxPieceTokens: Math.min(options.pieceTokens, room),

      async predict({ record, text, explain }: PieceInput) {
        const fields = { ...record.fields, [profile.input]: text };
        const scored: { entity: Entity; probabilities: number[] }[] = [];
        for (const span of candidatesOf(text, options)) {
          const quote = text.slice(span.start, span.end);
          const probabilities = calibrate(await score(fields, quote), calibration);
          scored.push({ entity: entityOf(profile, span, quote, probabilities), probabilities });
        }
        const entities = withoutOverlaps(
          scored.filter(({ probabilities }) => isEntity(probabilities)).map(({ entity }) => entity),
        );
        const header = ['span', ...profile.labels.map((label) => label.name), '(none)', ''];
        const rows = scored.map(({ entity, probabilities }) => [
          JSON.stringify(entity.text),
          ...probabilities.map((p) => p.toFixed(3)),
          entities.includes(entity) ? `→ ${entity.label}` : '',
        ]);
        const [shown] = scored;
        const output: ExtractOutput = { type: 'extract', entities };
        return {
          output,
          explanation: explain
            ? [
                ...(shown === undefined ? [] : [promptPart(render({ ...fields, [spanField]: shown.entity.text }))]),
                tablePart('candidates', [header, ...rows]),
              ]
            : [],
        };
      },

      decide: (output: Output) => aboveThreshold(output as ExtractOutput, profile.threshold.min),
    };
  },
};

/** Entities whose score reaches the threshold. */
export function aboveThreshold(output: ExtractOutput, min: number): ExtractOutput {
  return { ...output, entities: output.entities.filter((entity) => (entity.score ?? 1) >= min) };
}

/** The best-scored first; whatever overlaps a better one is dropped. Sorted by start. */
export function withoutOverlaps(entities: readonly Entity[]): Entity[] {
  const kept: Entity[] = [];
  for (const entity of [...entities].sort((a, b) => (b.score ?? 0) - (a.score ?? 0))) {
    if (!kept.some((other) => overlaps(other, entity))) kept.push(entity);
  }
  return kept.sort((a, b) => a.start - b.start);
}

function candidatesOf(text: string, options: Options): Span[] {
  const words = wordsOf(text);
  return options.candidates === 'names'
    ? nameCandidates(text, words)
    : phraseCandidates(text, words, options.longestPhrase);
}

function rendererOf(profile: TaskProfile, model: PromptModel, options: Options): PromptRenderer {
  return compilePrompt(profile, model, { shots: spanShots(profile, options) });
}

/** Walks through the examples and takes one span from each, label by label in turn, "none" among them. */
function spanShots(profile: TaskProfile, options: Options) {
  const targets: (string | null)[] = [...profile.labels.map((label) => label.name), null];
  const shots: { fields: Record<string, unknown>; target: string }[] = [];
  for (const example of profile.examples) {
    if (shots.length >= options.shots) break;
    const wanted = targets[shots.length % targets.length] as string | null;
    const span = spanWithLabel(example, wanted, options);
    if (span === null) continue;
    const word = profile.labels.find((label) => label.name === wanted)?.word ?? options.none;
    shots.push({ fields: { ...example.record.fields, [spanField]: span }, target: word });
  }
  return shots;
}

function spanWithLabel(example: Example, label: string | null, options: Options): string | null {
  if (example.gold.type !== 'extract') return null;
  const { entities } = example.gold;
  if (label !== null) return entities.find((entity) => entity.label === label)?.text ?? null;
  const { text } = example.record;
  const free = candidatesOf(text, options).find((span) => !entities.some((entity) => overlaps(entity, span)));
  return free === undefined ? null : text.slice(free.start, free.end);
}

async function calibrationFor(
  context: MethodContext<'scores'>,
  options: Options,
  score: (fields: Readonly<Record<string, unknown>>, span: string) => Promise<number[]>,
  words: readonly Token[][],
  tokensOf: (example: Example) => number,
): Promise<Calibration> {
  const { profile, engine, cache } = context;
  const all = profile.examples.slice(options.shots * 2, options.shots * 2 + options.poolSize);
  if (options.calibration === 'none' || all.length < smallestPool) return noCalibration(words.length);
  const key = ['spans 1', modelKey(engine), profile.digest].join(' ');
  const known = z
    .object({ bias: z.array(z.number()), temperature: z.number().positive() })
    .safeParse(await cache.get(key));
  if (known.success && known.data.bias.length === words.length) return known.data;

  const pool = startPool(context, all, tokensOf);
  if (pool.length < Math.min(smallestPart, all.length)) {
    const none = noCalibration(words.length);
    await cache.set(key, none);
    context.onShortened?.(0, all.length);
    return none;
  }
  let done = 0;
  const rows = await Promise.all(
    pool.map((example) =>
      engine.hold(async () => {
        const found: { scores: number[]; gold: number }[] = [];
        const { text, fields } = example.record;
        for (const span of candidatesOf(text, options)) {
          const scores = await score(fields, text.slice(span.start, span.end));
          found.push({ scores, gold: goldIndex(profile, example, span) });
        }
        context.onProgress('calibrating', ++done, pool.length);
        return found;
      }),
    ),
  );
  const scored = rows.flat();
  const calibration =
    scored.length < smallestPool
      ? noCalibration(words.length)
      : fittedCalibration(
          scored.map((row) => row.scores),
          scored.map((row) => row.gold),
        );
  await cache.set(key, calibration);
  if (pool.length < all.length) context.onShortened?.(pool.length, all.length);
  return calibration;
}

function goldIndex(profile: TaskProfile, example: Example, span: Span): number {
  const entities = example.gold.type === 'extract' ? example.gold.entities : [];
  const entity = entities.find((other) => other.start === span.start && other.end === span.end);
  const index = profile.labels.findIndex((label) => label.name === entity?.label);
  return index === -1 ? profile.labels.length : index;
}

function entityOf(profile: TaskProfile, span: Span, text: string, probabilities: readonly number[]): Entity {
  const labels = probabilities.slice(0, -1);
  const best = labels.indexOf(Math.max(...labels));
  return { ...span, text, label: profile.labels[best]?.name ?? '', score: labels[best] as number };
}

/** More likely to be an entity of some kind than none. */
function isEntity(probabilities: readonly number[]): boolean {
  return (probabilities.at(-1) as number) < 0.5;
}
