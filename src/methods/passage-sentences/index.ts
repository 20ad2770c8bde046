import { z } from 'zod';
import { tokenizePrompt } from '../../prompt.js';
import { joinSentences } from '../../scripts.js';
import { evidenceAt } from '../../task-types/answer/evidence.js';
import { answersIn, rejectBelow, unanswered } from '../../task-types/answer/values.js';
import type { AnswerOutput, ExplanationPart, OtherAnswer, Output } from '../../types.js';
import { promptPart, tablePart } from '../explain.js';
import { createLikeness } from '../likeness.js';
import { fitLogistic, type Logistic } from '../logistic-judge.js';
import { modelKey } from '../model-key.js';
import { keptScale } from '../passage-spans/answerability.js';
import { createSearch } from '../passage-spans/passage-reading.js';
import { nothingFound } from '../passages.js';
import { readingBoth, spread, startPool } from '../start-calibration.js';
import type { Method, MethodContext, PieceInput } from '../types.js';
import { sentenceOptions } from './options.js';
import { defaultJudge, featureNames, featuresOf, isRightSentence, judgeWith, probabilityOf } from './sentence-judge.js';
import {
  createSentenceReader,
  furtherSentences,
  readSentences,
  type SentenceCandidate,
  type SentenceReader,
  type SentenceReading,
  sentenceRenderer,
} from './sentence-reading.js';

/** Answers with whole sentences of the passages: the one that the model is likeliest to copy, and what it goes on with. */
export const passageSentences: Method<'scores'> = {
  name: 'passage-sentences',
  title: 'whole sentences of retrieved passages',
  taskTypes: ['answer'],
  needs: ['scores'],
  options: sentenceOptions,
  columns: ['sentences'],
  defaultPrompt: () => ({
    instruction: 'Answer the question with sentences of the passage.',
    base: 'Passage: {{ context }}\nQuestion: {{ question }}\nSentence of the passage that answers it:',
    // Said beside the instruction, before passage and question.
    chat: 'Copy the sentence, or the sentences, that answer the question, and nothing else.',
    use: 'able',
  }),
  vocabulary: 'whole',
  embedderOf(profile) {
    const { embedder = null } = sentenceOptions.parse(profile.options);
    return embedder === null ? null : { model: embedder, sha256: null };
  },

  judgeOf: ({ options }) => sentenceOptions.parse(options).judge ?? null,

  renderer(profile, model) {
    return sentenceRenderer(profile, model, sentenceOptions.parse(profile.options).contextField);
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = sentenceOptions.parse(profile.options);
    const search = createSearch(context.documents, options);
    const likeness = context.embedder == null ? null : createLikeness(context.embedder);
    const reader = createSentenceReader(engine, profile, options, { likeness, judge: context.judge ?? null });
    const judge = await judgeFor(context, reader);

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        return engine.hold(async () => {
          const reading = await readSentences(reader, search, record);
          const best = bestOf(reading, judge);
          const output = best === null ? unanswered(0, nothingFound) : await answerOf(reader, reading, best, judge);
          return { output, explanation: explain ? explanationOf(reading, judge) : [] };
        });
      },

      decide: (output: Output) => rejectBelow(output as AnswerOutput, profile.threshold.min),
    };
  },
};

function bestOf({ candidates }: SentenceReading, judge: Logistic): SentenceCandidate | null {
  const ranked = candidates.map((candidate) => ({ candidate, score: probabilityOf(candidate, judge) }));
  return ranked.sort((a, b) => b.score - a.score)[0]?.candidate ?? null;
}

/** The best sentence with those that the model copies after it, in the order of the document. */
async function answerOf(
  reader: SentenceReader,
  { candidates }: SentenceReading,
  best: SentenceCandidate,
  judge: Logistic,
): Promise<AnswerOutput> {
  const further = await furtherSentences(reader, best);
  const chosen = candidates
    .filter((each) => each === best || (each.window === best.window && further.includes(each.passage)))
    .sort((a, b) => a.passage.place - b.passage.place);
  const given = (each: SentenceCandidate): OtherAnswer => ({
    answer: each.text,
    score: probabilityOf(each, judge),
    evidence: evidenceAt(each.passage.document, each, each),
  });
  const { score, evidence } = given(best);
  const sentences = chosen.map(given);
  return { type: 'answer', answer: joinSentences(sentences.map(({ answer }) => answer)), score, evidence, sentences };
}

const judgeSchema = z.strictObject({ weights: z.array(z.number()).length(featureNames.length), intercept: z.number() });
const smallestPool = 16;
/** Tokens of a passage, where an example does not bring its own. */
const usualTokens = 300;

/** Fitted on the examples of the profile, once, then from the cache; fixed weights with too few of them. */
async function judgeFor(context: MethodContext<'scores'>, reader: SentenceReader): Promise<Logistic> {
  const { profile, engine, cache } = context;
  const { options } = reader;
  const fixed = async (): Promise<Logistic> =>
    reader.judge === null ? defaultJudge : judgeWith(await keptScale(context, reader.judge));
  const all = spread(profile.examples, options.poolSize);
  if (all.length < smallestPool) return fixed();
  const key = ['sentences 2', modelKey(engine), modelKey(context.judge ?? engine), profile.digest].join(' ');
  const known = judgeSchema.safeParse(await cache.get(key));
  if (known.success) return known.data;
  const pool = startPool(readingBoth(context), all, ({ record }) => {
    const own = record.fields[options.contextField];
    return typeof own === 'string' ? tokenizePrompt(engine, reader.render(record.fields)).input.length : usualTokens;
  });
  if (pool.length < smallestPool) {
    context.onShortened?.(0, all.length);
    return fixed();
  }
  const search = createSearch(await context.ownDocuments(), options);
  let done = 0;
  const rows = await Promise.all(
    pool.map((example) =>
      engine.hold(async () => {
        const { candidates } = await readSentences(reader, search, example.record);
        context.onProgress('calibrating', ++done, pool.length);
        const accepted = answersIn(example.gold);
        return candidates.map((each) => ({ features: featuresOf(each), right: isRightSentence(each.text, accepted) }));
      }),
    ),
  );
  const each = rows.flat();
  if (new Set(each.map(({ right }) => right)).size < 2) return fixed();
  const judge = fitLogistic(
    each.map(({ features }) => features),
    each.map(({ right }) => right),
  );
  await cache.set(key, judge);
  if (pool.length < all.length) context.onShortened?.(pool.length, all.length);
  return judge;
}

function explanationOf({ candidates, prompt }: SentenceReading, judge: Logistic): ExplanationPart[] {
  const rows = candidates.map((each) => [
    each.passage.document.source,
    JSON.stringify(each.text),
    probabilityOf(each, judge).toFixed(4),
    ...featuresOf(each).map((value) => value.toFixed(3)),
  ]);
  return [
    ...(prompt === null ? [] : [promptPart(prompt)]),
    tablePart('sentences', [['source', 'sentence', 'probability', ...featureNames], ...rows]),
  ];
}
