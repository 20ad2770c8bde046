import { createHash } from 'node:crypto';
import { z } from 'zod';
import { lineOf } from '../../task-types/answer/evidence.js';
import { isRight } from '../../task-types/answer/right.js';
import type { AnswerOutput, EngineWith, Example, Output, TaskProfile } from '../../types.js';
import { promptPart, tablePart } from '../explain.js';
import { learnedBy, learnedExamples } from '../learned.js';
import { startPool } from '../start-calibration.js';
import type { DefaultPrompt, Document, Method, MethodContext, PieceInput } from '../types.js';
import { defaultRanker, featuresOf, fitRanker, type Ranker, readingRanker } from './answer-ranker.js';
import { passageOptions } from './options.js';
import { answerOf, answersOf, rank, rankedOf, rejectBelow } from './passage-answer.js';
import { createSearch, type Reader, type Reading, read } from './passage-reading.js';
import { createReader, readingRenderer } from './reader.js';

type Options = z.infer<typeof passageOptions>;

const passagePrompt: DefaultPrompt = {
  instruction: 'Answer the question with words of the passage.',
  base: 'Passage: {{ context }}\nQuestion: {{ question }}\nAnswer:',
  chat: 'Passage: {{ context }}\n\nQuestion: {{ question }}\n\nCopy the shortest span of the passage that answers the question.',
  use: 'base',
};

const rankerSchema = z.strictObject({
  // One weight fewer: fitted before the model was asked whether a passage answers the question.
  weights: z.array(z.number()).min(defaultRanker.weights.length).max(readingRanker.weights.length),
  intercept: z.number(),
});

const learns = { schema: z.strictObject({ examples: learnedExamples, ranker: rankerSchema.optional() }) };

const smallestPool = 16;

/** Finds the best sentences by BM25, lets the model copy candidate answers out of them, and judges the best one. */
export const passageSpans: Method<'scores'> = {
  name: 'passage-spans',
  title: 'answers copied from retrieved passages',
  taskTypes: ['answer'],
  needs: ['scores'],
  options: passageOptions,
  defaultPrompt: () => passagePrompt,
  vocabulary: 'whole',
  learns,
  candidates: async () => (await import('./candidates.js')).plan,

  renderer(profile, model) {
    return readingRenderer(profile, model, answeredExamples(profile, passageOptions.parse(profile.options)));
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = passageOptions.parse(profile.options);
    const search = createSearch(context.documents, options);
    const reader = createReader(engine, profile, options, answeredExamples(profile, options));
    const ranker = learnedBy(learns.schema, profile)?.ranker ?? (await rankerFor(context, options, reader));

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const reading = await read(reader, search, record);
        const output = answerOf(reading, ranker, record.text);
        return { output, explanation: explain ? explanationOf(reading, ranker, record.text) : [] };
      },

      decide: (output: Output) => rejectBelow(output as AnswerOutput, profile.threshold.min),
    };
  },
};

/** The tuned ones, else examples that bring their own passage and have an answer: copying is what the prompt should show. */
function answeredExamples(profile: TaskProfile, options: Options) {
  const learned = learnedBy(learns.schema, profile)?.examples;
  if (learned !== undefined) return learned.map(({ fields, label }) => ({ fields, target: label }));
  return profile.examples
    .filter(
      (example) => answersOf(example).length > 0 && typeof example.record.fields[options.contextField] === 'string',
    )
    .slice(0, options.shots)
    .map((example) => ({ fields: example.record.fields, target: answersOf(example)[0] as string }));
}

/**
 * Fits the ranker on the candidates of the profile's examples, over the profile's own documents, whatever documents
 * are asked about now; once, then from the cache.
 */
async function rankerFor(context: MethodContext<'scores'>, options: Options, reader: Reader): Promise<Ranker> {
  const { profile, engine, cache } = context;
  const documents = await context.ownDocuments();
  const shots = new Set(answeredExamples(profile, options).map((shot) => shot.fields));
  const fixed = reader.judge === null ? defaultRanker : readingRanker;
  const all = profile.examples
    .filter((example) => !shots.has(example.record.fields) && isReadable(example, documents, options))
    .slice(0, options.poolSize);
  if (all.length < smallestPool) return fixed;
  const kind = reader.judge === null ? 'judge 2' : 'judge 3';
  const key = [kind, digestOf(documents), engine.model.sha256 ?? engine.model.path, profile.digest].join(' ');
  const known = rankerSchema.safeParse(await cache.get(key));
  if (known.success) return known.data;
  const pool = startPool(context, all, ({ record }) => tokensRead(engine, record.fields[options.contextField]));
  if (pool.length < smallestPool) {
    context.onShortened?.(0, all.length);
    return fixed;
  }

  let done = 0;
  const search = createSearch(documents, options);
  const readings = await Promise.all(
    pool.map((example) =>
      engine.hold(async () => {
        const reading = await read(reader, search, example.record);
        context.onProgress('calibrating', ++done, pool.length);
        return reading.candidates.map((candidate) => ({
          candidate: rankedOf(candidate, reading, example.record.text),
          right: isRight(candidate.text, answersOf(example)),
        }));
      }),
    ),
  );
  const rows = readings.flat();
  if (!rows.some((row) => row.right)) return fixed;
  const ranker = fitRanker(
    rows.map((row) => row.candidate),
    rows.map((row) => row.right),
  );
  await cache.set(key, ranker);
  if (pool.length < all.length) context.onShortened?.(pool.length, all.length);
  return ranker;
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
  return documents.some((document) => typeof fields.source === 'string' && document.source.endsWith(fields.source));
}

function explanationOf(reading: Reading, ranker: Ranker, question: string) {
  const passages = reading.chosen.map((p) => [p.document.source, String(lineOf(p.document.text, p.start)), p.text]);
  const ranked = rank(reading, ranker, question).map(({ candidate, probability }) => [
    JSON.stringify(candidate.text),
    probability.toFixed(4),
    ...featuresOf(rankedOf(candidate, reading, question)).map((value) => value.toFixed(3)),
  ]);
  const names = [
    'mean log p',
    'first log p',
    'sentence',
    'passages',
    'repeats',
    'number',
    'name',
    'log length',
    'answered',
  ];
  const weights = ['weight', '', ...ranker.weights.map((weight) => weight.toFixed(3))];
  return [
    tablePart('passages', [['source', 'line', 'sentence'], ...passages]),
    ...(reading.prompt === null ? [] : [promptPart(reading.prompt)]),
    tablePart('candidates', [['answer', 'probability', ...names], ...ranked, weights]),
  ];
}
