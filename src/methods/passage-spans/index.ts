import { createHash } from 'node:crypto';
import { z } from 'zod';
import { modelError } from '../../errors.js';
import type { FewShotExample, PromptModel } from '../../prompt.js';
import { lineOf } from '../../task-types/answer/evidence.js';
import { answersIn, rejectBelow } from '../../task-types/answer/values.js';
import type { AnswerOutput, EngineWith, Example, Output, TaskProfile } from '../../types.js';
import { promptPart, tablePart } from '../explain.js';
import { learnedBy, learnedExamples } from '../learned.js';
import { learnedEmbedder, learnedEmbedderOf } from '../learned-embedder.js';
import { createLikeness } from '../likeness.js';
import { lastingName, modelKey } from '../model-key.js';
import { readingBoth, spread, startPool } from '../start-calibration.js';
import type { DefaultPrompt, Document, Method, MethodContext, PieceInput } from '../types.js';
import {
  defaultRanker,
  featureNames,
  featuresOf,
  fitRanker,
  type Ranker,
  readingRanker,
  readsPassages,
  readsSentences,
} from './answer-ranker.js';
import { keptScale } from './answerability.js';
import { passageOptions } from './options.js';
import { answerOf, rank, rankedQuestion } from './passage-answer.js';
import { createSearch, isCalled, type Reader, type Reading, read } from './passage-reading.js';
import { askingOf, createReader, readerFor, readingRenderer } from './reader.js';

type Options = z.infer<typeof passageOptions>;

const passagePrompt: DefaultPrompt = {
  instruction: 'Answer the question with words of the passage.',
  base: 'Passage: {{ context }}\nQuestion: {{ question }}\nAnswer:',
  // Said beside the instruction, before passage and question.
  chat: 'Copy the shortest span of the passage that answers the question.',
  use: 'able',
};

const logisticShape = { weights: z.array(z.number()), intercept: z.number() };
const rankerSchema = z.strictObject({
  ...logisticShape,
  // Fewer weights than there are features: fitted before the last of them were there.
  weights: z.array(z.number()).min(defaultRanker.weights.length).max(featureNames.length),
  judge: z.strictObject(logisticShape).optional(),
});

const learns = {
  schema: z.strictObject({
    examples: learnedExamples,
    ranker: rankerSchema.optional(),
    embedder: learnedEmbedder,
    /** The judge that the ranker was fitted with, by its digest: another one means other things by its yes. */
    judge: z.string().optional(),
  }),
};

const smallestPool = 16;

/** Finds the best sentences by BM25, lets the model copy candidate answers out of them, and judges the best one. */
export const passageSpans: Method<'scores' | 'generation'> = {
  name: 'passage-spans',
  title: 'answers copied from retrieved passages',
  taskTypes: ['answer'],
  needs: ['scores', 'generation'],
  options: passageOptions,
  defaultPrompt: () => passagePrompt,
  vocabulary: 'whole',
  learns,
  embedderOf(profile) {
    const learned = learnedEmbedderOf(profile);
    if (learned !== null) return learned;
    const { embedder = null } = passageOptions.parse(profile.options);
    return embedder === null ? null : { model: embedder, sha256: null };
  },
  judgeOf: ({ options }) => passageOptions.parse(options).judge ?? null,
  candidates: async () => (await import('./candidates.js')).plan,

  renderer(profile, model) {
    const options = passageOptions.parse(profile.options);
    return readingRenderer(profile, model, options.contextField, promptExamples(profile, model, options));
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = passageOptions.parse(profile.options);
    const search = createSearch(context.documents, options);
    const likeness = context.embedder == null ? null : createLikeness(context.embedder);
    const reader = createReader(engine, profile, options, promptExamples(profile, engine.model, options), {
      likeness,
      judge: context.judge ?? null,
    });
    const learned = learnedBy(learns.schema, profile);
    checkJudge(learned?.judge, context);
    const ranker = learned?.ranker ?? (await rankerFor(context, options, reader));
    // What the ranker does not go by is not asked.
    const needed = { ...reader, asksOfPassages: readsPassages(ranker), asksOfSentences: readsSentences(ranker) };

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const reading = await read(needed, search, record);
        const output = answerOf(reading, ranker, record.text);
        return { output, explanation: explain ? explanationOf(reading, ranker, record.text) : [] };
      },

      decide: (output: Output) => rejectBelow(output as AnswerOutput, profile.threshold.min),
    };
  },
};

/** @throws SlmError where the ranker was fitted with another model as the judge */
function checkJudge(wanted: string | undefined, { profile, judge }: Pick<MethodContext, 'profile' | 'judge'>): void {
  if (wanted === undefined || (judge != null && lastingName(judge) === wanted)) return;
  throw modelError(
    `${profile.tuned?.file}: it was tuned with another version of the model that judges answers (${wanted.slice(0, 12)}…).`,
    'Tune the task again, or run with --untuned.',
  );
}

/** The tuned ones, else examples of the profile that bring their own passage. */
function promptExamples(profile: TaskProfile, model: PromptModel, options: Options): FewShotExample[] {
  const learned = learnedBy(learns.schema, profile)?.examples;
  if (learned !== undefined) return learned.map(({ fields, label }) => ({ fields, target: label }));
  const own = profile.examples.filter(({ record }) => typeof record.fields[options.contextField] === 'string');
  const answered = own.filter((example) => answersIn(example.gold).length > 0);
  // In turns the model answers better, and far sooner, without examples.
  if (askingOf(profile, model, options.contextField) === 'turns') return [];
  return answered.slice(0, options.shots).map((example) => shotOf(example, answersIn(example.gold)[0] as string));
}

function shotOf({ record }: Example, target: string): FewShotExample {
  return { fields: record.fields, target };
}

/**
 * Fits the ranker on the candidates of the profile's examples, over the profile's own documents, whatever documents
 * are asked about now; once, then from the cache.
 */
async function rankerFor(
  context: MethodContext<'scores' | 'generation'>,
  options: Options,
  reader: Reader,
): Promise<Ranker> {
  const { profile, engine, cache } = context;
  const documents = await context.ownDocuments();
  const shots = new Set(promptExamples(profile, engine.model, options).map((shot) => shot.fields));
  const fixed = () => fixedRanker(context, reader);
  const readable = profile.examples.filter(
    (example) => !shots.has(example.record.fields) && isReadable(example, documents, options),
  );
  // Over the whole list: questions of a kind often stand together. After completions, where eleven weights are fitted,
  // sixty spread examples were worse than the first sixty of `qa` (gemma-3-270m on SQuAD 2).
  const all = reader.inTurns ? spread(readable, options.poolSize) : readable.slice(0, options.poolSize);
  if (all.length < smallestPool) return fixed();
  const kind = reader.inTurns ? 'judge 8' : reader.judge === null ? 'judge 2' : 'judge 6';
  const judge = context.judge == null ? [] : [modelKey(context.judge)];
  const key = [kind, digestOf(documents), modelKey(engine), ...judge, profile.digest].join(' ');
  const known = rankerSchema.safeParse(await cache.get(key));
  if (known.success) return known.data;
  const pool = startPool(readingBoth(context), all, ({ record }) =>
    tokensRead(engine, record.fields[options.contextField]),
  );
  if (pool.length < smallestPool) {
    context.onShortened?.(0, all.length);
    return fixed();
  }

  let done = 0;
  const scale = reader.inTurns && reader.judge !== null ? await keptScale(context, reader.judge) : null;
  const needed = readerFor(reader, scale);
  const search = createSearch(documents, options);
  const questions = await Promise.all(
    pool.map((example) =>
      engine.hold(async () => {
        const reading = await read(needed, search, example.record);
        context.onProgress('calibrating', ++done, pool.length);
        return rankedQuestion(reading, example);
      }),
    ),
  );
  if (!questions.some(({ right }) => right.includes(true))) return fixed();
  const ranker = fitRanker(questions, scale);
  await cache.set(key, ranker);
  if (pool.length < all.length) context.onShortened?.(pool.length, all.length);
  return ranker;
}

/** The ranker where no examples tell. What the yes and no of a model mean is asked once, then it is kept. */
async function fixedRanker(context: MethodContext<'scores' | 'generation'>, { judge }: Reader): Promise<Ranker> {
  return judge === null ? defaultRanker : readingRanker(await keptScale(context, judge));
}

/** Tokens of a few sentences, where an example does not bring its passage. */
const usualTokens = 100;

function tokensRead(engine: Pick<EngineWith<'scores'>, 'tokenize'>, context: unknown): number {
  return typeof context === 'string' ? engine.tokenize(context).length : usualTokens;
}

function digestOf(documents: readonly Document[]): string {
  const hash = createHash('sha256');
  for (const { source, text } of documents) hash.update(`${source}\n${text}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** Whether an example can be read here: its passage, or the document it names, is at hand. */
function isReadable(example: Example, documents: readonly Document[], options: Options): boolean {
  const { fields } = example.record;
  if (typeof fields[options.contextField] === 'string') return true;
  const { source } = fields;
  return typeof source === 'string' && documents.some((document) => isCalled(document, source));
}

function explanationOf(reading: Reading, ranker: Ranker, question: string) {
  const passages = reading.chosen.map((p) => [p.document.source, String(lineOf(p.document.text, p.start)), p.text]);
  const ranked = rank(reading, ranker, question).map(({ ranked: seen, candidate, probability }) => [
    JSON.stringify(candidate.text),
    probability.toFixed(4),
    ...featuresOf(seen).map((value) => value.toFixed(3)),
  ]);
  const weights = ['weight', '', ...featureNames.map((_, i) => (ranker.weights[i] ?? 0).toFixed(3))];
  return [
    tablePart('passages', [['source', 'line', 'sentence'], ...passages]),
    ...(reading.prompt === null ? [] : [promptPart(reading.prompt)]),
    tablePart('candidates', [['answer', 'probability', ...featureNames], ...ranked, weights]),
  ];
}
