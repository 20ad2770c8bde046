import { createHash } from 'node:crypto';
import { z } from 'zod';
import { compilePrompt, type PromptModel, type PromptRenderer, tokenizePrefix, tokenizeSegments } from '../prompt.js';
import { words as wordsOf } from '../segment.js';
import type { AnswerOutput, Engine, Example, InputRecord, Output, Span, TaskProfile, Token } from '../types.js';
import { defaultJudge, featuresOf, fitJudge, type Judge, type JudgedCandidate, probabilityOf } from './answer-judge.js';
import { beginnings, complete, continuations, copiedSpan, follow, type SourceWord, sourceWords } from './copying.js';
import { promptPart, tablePart } from './explain.js';
import { indexPassages, type Passage, type PassageIndex } from './passages.js';
import type { Document, Method, MethodContext, PieceInput } from './types.js';

const optionsSchema = z.strictObject({
  shots: z.int().min(0).default(4).describe('Number of answered questions in the prompt.'),
  passages: z.int().min(1).max(20).default(3).describe('Sentences that the model reads for a question.'),
  candidates: z.int().min(1).max(10).default(4).describe('Answers that are spelled out and compared.'),
  longestAnswer: z.int().min(1).max(100).default(24).describe('Tokens of the longest answer.'),
  contextField: z.string().default('context').describe('Field of a record that brings its own passage.'),
  poolSize: z.int().min(0).default(60).describe('Examples that the no-answer decision is fitted on.'),
});
type Options = z.infer<typeof optionsSchema>;

const smallestPool = 16;

/** Finds the best sentences by BM25, lets the model copy candidate answers out of them, and judges the best one. */
export const passageSpans: Method = {
  name: 'passage-spans',
  title: 'answers copied from retrieved passages',
  taskTypes: ['answer'],
  options: optionsSchema,

  renderer(profile, model) {
    return rendererOf(profile, model, optionsSchema.parse(profile.options));
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = optionsSchema.parse(profile.options);
    const render = rendererOf(profile, engine.model, options);
    const search = createSearch(context.documents, options);
    const reader: Reader = { engine, render, options, profile, end: engine.tokenize('\n').slice(0, 1) };
    const judge = await judgeFor(context, options, reader);

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const reading = await read(reader, search, record);
        const output = outputOf(reading, judge, record.text);
        return { output, explanation: explain ? explanationOf(reading, judge, record.text) : [] };
      },

      decide: (output: Output) => rejectBelow(output as AnswerOutput, profile.threshold.min),
    };
  },
};

/** What reading the passages for a question gave. */
interface Reading {
  readonly index: PassageIndex;
  /** In the order of the documents. */
  readonly chosen: readonly Passage[];
  readonly coverage: number;
  readonly candidates: readonly Candidate[];
  readonly prompt: ReturnType<PromptRenderer> | null;
}

interface Candidate extends Span {
  readonly passage: Passage;
  readonly text: string;
  /** Mean log-probability a token, with the token that ends it, nats. */
  readonly logprob: number;
  readonly firstLogprob: number;
  readonly tokens: number;
}

interface Reader {
  readonly engine: Engine;
  readonly render: PromptRenderer;
  readonly options: Options;
  readonly profile: TaskProfile;
  readonly end: readonly Token[];
}

type Search = (record: InputRecord) => PassageIndex;

/** The record's own passage where it has one, otherwise the documents, each choice of them indexed once. */
function createSearch(documents: readonly Document[], options: Options): Search {
  const indexes = new Map<string, PassageIndex>();
  return (record) => {
    const own = record.fields[options.contextField];
    if (typeof own === 'string' && own.trim() !== '')
      return indexPassages([{ source: options.contextField, text: own }]);
    const { source } = record.fields;
    // An example that names its document is asked about that one alone.
    const named = documents.filter((document) => typeof source === 'string' && document.source.endsWith(source));
    const chosen = named.length > 0 ? named : documents;
    const key = chosen.map((document) => document.source).join('\n');
    const index = indexes.get(key) ?? indexPassages(chosen);
    indexes.set(key, index);
    return index;
  };
}

async function read(reader: Reader, search: Search, record: InputRecord): Promise<Reading> {
  const index = search(record);
  const found = index.search(record.text, reader.options.passages).map((hit) => hit.passage);
  const chosen = (found.length > 0 ? found : index.passages.slice(0, 1)).sort(
    (a, b) => index.passages.indexOf(a) - index.passages.indexOf(b),
  );
  if (found.length === 0) return { index, chosen, coverage: 0, candidates: [], prompt: null };
  const prompt = reader.render({
    ...record.fields,
    [reader.options.contextField]: chosen.map(passageText).join(' '),
    [reader.profile.input]: record.text,
  });
  const candidates = await copyCandidates(reader, prompt, chosen);
  return { index, chosen, coverage: index.coverage(record.text, chosen), candidates, prompt };
}

/** A list item or table row says little without its heading. */
function passageText(passage: Passage): string {
  return passage.text.replace(/^[-*+]\s+/u, '');
}

/**
 * The most likely first tokens are each followed to the end of the answer, greedily, within one sentence. Compared
 * by the mean log-probability a token, which does not favour short answers as the sum would.
 */
async function copyCandidates(
  reader: Reader,
  prompt: ReturnType<PromptRenderer>,
  chosen: readonly Passage[],
): Promise<Candidate[]> {
  const { engine, options } = reader;
  const joined = joinPassages(chosen);
  const words = sourceWords(engine, joined.text, joined.words);
  if (words.length === 0) return [];
  const item = tokenizeSegments(engine, prompt.input);
  const prefix = [tokenizePrefix(engine, prompt.prefix), item.slice(0, -1)];
  const last = item.at(-1) as Token;
  const firsts = continuations(words, beginnings(words));
  const [scores] = await engine.scoreNext({ prefix, input: [last] }, [0], firsts);
  const best = firsts
    .map((token, i) => ({ token, logprob: scores?.[i] as number }))
    .sort((a, b) => b.logprob - a.logprob || a.token - b.token)
    .slice(0, options.candidates);
  const candidates: Candidate[] = [];
  for (const first of best) {
    const decoded = await engine.decode(
      { prefix, input: [last, first.token] },
      (soFar) => nextOf(words, [first.token, ...soFar], reader.end, options.longestAnswer),
      { maxTokens: options.longestAnswer },
    );
    const copied = [first.token, ...decoded.tokens].filter((token) => !reader.end.includes(token));
    const [state] = complete(words, follow(words, copied));
    if (state === undefined) continue;
    const logprobs = [first.logprob, ...decoded.logprobs];
    const logprob = logprobs.reduce((sum, value) => sum + value, 0) / logprobs.length;
    candidates.push({
      ...joined.locate(copiedSpan(words, state)),
      logprob,
      firstLogprob: first.logprob,
      tokens: copied.length,
    });
  }
  return distinct(candidates).sort((a, b) => b.logprob - a.logprob);
}

function nextOf(
  words: readonly SourceWord[],
  tokens: readonly Token[],
  end: readonly Token[],
  longest: number,
): Token[] | null {
  if (end.includes(tokens.at(-1) as Token)) return null;
  const states = follow(words, tokens);
  const more = tokens.length >= longest ? [] : continuations(words, states);
  return complete(words, states).length > 0 ? [...more, ...end] : more;
}

/** The passages as one text of words, and the way back from its offsets to a passage. */
function joinPassages(passages: readonly Passage[]) {
  let text = '';
  let group = 0;
  const words: (Span & { group: number })[] = [];
  const starts: number[] = [];
  for (const passage of passages) {
    text += ' ';
    const start = text.length;
    starts.push(start);
    group++;
    for (const word of wordsOf(passage.text)) {
      // An answer stands in one cell of a table.
      if (passage.text.slice(word.start, word.end) === '|') group++;
      else words.push({ start: start + word.start, end: start + word.end, group });
    }
    text += passage.text;
  }
  const locate = (span: Span) => {
    const at = starts.findLastIndex((start) => start <= span.start);
    const passage = passages[at] as Passage;
    const offset = passage.start - (starts[at] as number);
    return { passage, ...trimPunctuation(text, span, offset) };
  };
  return { text, words, locate };
}

/** Answers do not end in the sentence's full stop. */
function trimPunctuation(text: string, span: Span, offset: number): Span & { text: string } {
  let { start, end } = span;
  while (end - start > 1 && /[\s.,;:!?]/u.test(text.charAt(end - 1)) && !/\b\p{Lu}\.$/u.test(text.slice(start, end)))
    end--;
  while (end - start > 1 && /[\s,;:]/u.test(text.charAt(start))) start++;
  return { start: start + offset, end: end + offset, text: text.slice(start, end) };
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = `${candidate.passage.document.source} ${candidate.start} ${candidate.end}`;
    const known = seen.get(key);
    if (known === undefined || known.logprob < candidate.logprob) seen.set(key, candidate);
  }
  return [...seen.values()];
}

/** What the judge sees of a candidate. */
function judged(candidate: Candidate, { index, coverage }: Reading, question: string): JudgedCandidate {
  return {
    question,
    answer: candidate.text,
    logprob: candidate.logprob,
    firstLogprob: candidate.firstLogprob,
    tokens: candidate.tokens,
    sentenceCoverage: index.coverage(question, [candidate.passage]),
    passageCoverage: coverage,
  };
}

/** Candidates with the probability that they are right, best first. */
function rank(reading: Reading, judge: Judge, question: string) {
  return reading.candidates
    .map((candidate) => ({ candidate, probability: probabilityOf(judged(candidate, reading, question), judge) }))
    .sort((a, b) => b.probability - a.probability);
}

function outputOf(reading: Reading, judge: Judge, question: string): AnswerOutput {
  const [first] = rank(reading, judge, question);
  if (first === undefined) {
    return { type: 'answer', answer: null, score: 0, reason: 'no passage shares a word with the question' };
  }
  const { candidate: best, probability } = first;
  const { document } = best.passage;
  return {
    type: 'answer',
    answer: best.text,
    score: probability,
    evidence: {
      source: document.source,
      line: lineOf(document.text, best.start),
      span: { start: best.start, end: best.end },
      sentence: best.passage.text,
      text: document.text,
    },
  };
}

/** An answer that is less likely than the threshold is no answer. */
function rejectBelow(output: AnswerOutput, min: number): AnswerOutput {
  if (output.answer === null || output.score >= min) return output;
  const { answer, score } = output;
  return {
    type: 'answer',
    answer: null,
    score,
    reason: `the best passage does not answer it: "${answer}" scores ${score.toFixed(2)}, below ${min.toFixed(2)}`,
  };
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function rendererOf(profile: TaskProfile, model: PromptModel, options: Options): PromptRenderer {
  return compilePrompt(profile, model, { shots: answeredShots(profile, options) });
}

/** Examples that bring their own passage and have an answer: copying is what the prompt should show. */
function answeredShots(profile: TaskProfile, options: Options) {
  return profile.examples
    .filter(
      (example) => answersOf(example).length > 0 && typeof example.record.fields[options.contextField] === 'string',
    )
    .slice(0, options.shots)
    .map((example) => ({ fields: example.record.fields, target: answersOf(example)[0] as string }));
}

function answersOf(example: Example): readonly string[] {
  return example.gold.type === 'answer' ? example.gold.answers : [];
}

/**
 * Fits the judge on the candidates of the profile's examples, over the profile's own documents, whatever documents
 * are asked about now; once, then from the cache.
 */
async function judgeFor(context: MethodContext, options: Options, reader: Reader): Promise<Judge> {
  const { profile, engine, cache } = context;
  const documents = await context.ownDocuments();
  const shots = new Set(answeredShots(profile, options).map((shot) => shot.fields));
  const pool = profile.examples
    .filter((example) => !shots.has(example.record.fields) && isReadable(example, documents, options))
    .slice(0, options.poolSize);
  if (pool.length < smallestPool) return defaultJudge;
  const key = ['judge 2', digestOf(documents), engine.model.sha256 ?? engine.model.path, profile.digest].join(' ');
  const known = judgeSchema.safeParse(await cache.get(key));
  if (known.success) return known.data;

  let done = 0;
  const search = createSearch(documents, options);
  const readings = await Promise.all(
    pool.map((example) =>
      engine.hold(async () => {
        const reading = await read(reader, search, example.record);
        context.onProgress('calibrating', ++done, pool.length);
        return reading.candidates.map((candidate) => ({
          candidate: judged(candidate, reading, example.record.text),
          right: answersOf(example).some((accepted) => wordOverlap(candidate.text, accepted) >= 0.6),
        }));
      }),
    ),
  );
  const all = readings.flat();
  if (!all.some((row) => row.right)) return defaultJudge;
  const judge = fitJudge(
    all.map((row) => row.candidate),
    all.map((row) => row.right),
  );
  await cache.set(key, judge);
  return judge;
}

function digestOf(documents: readonly Document[]): string {
  const hash = createHash('sha256');
  for (const { source, text } of documents) hash.update(`${source}\n${text}\n`);
  return hash.digest('hex').slice(0, 16);
}

const judgeSchema = z.object({
  weights: z.array(z.number()).length(defaultJudge.weights.length),
  intercept: z.number(),
});

/** F1 of the words that two answers share, as SQuAD has it, punctuation and case aside. */
function wordOverlap(a: string, b: string): number {
  const left = plainWords(a);
  const right = plainWords(b);
  const rest = [...right];
  const shared = left.filter((word) => {
    const at = rest.indexOf(word);
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  }).length;
  return shared === 0 ? 0 : (2 * shared) / (left.length + right.length);
}

function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Whether an example can be read here: its passage, or the document it names, is at hand. */
function isReadable(example: Example, documents: readonly Document[], options: Options): boolean {
  const { fields } = example.record;
  if (typeof fields[options.contextField] === 'string') return true;
  return documents.some((document) => typeof fields.source === 'string' && document.source.endsWith(fields.source));
}

function explanationOf(reading: Reading, judge: Judge, question: string) {
  const passages = reading.chosen.map((p) => [p.document.source, String(lineOf(p.document.text, p.start)), p.text]);
  const ranked = rank(reading, judge, question).map(({ candidate, probability }) => [
    JSON.stringify(candidate.text),
    probability.toFixed(4),
    ...featuresOf(judged(candidate, reading, question)).map((value) => value.toFixed(3)),
  ]);
  const names = ['mean log p', 'first log p', 'sentence', 'passages', 'repeats', 'number', 'name', 'log length'];
  const weights = ['weight', '', ...judge.weights.map((weight) => weight.toFixed(3))];
  return [
    tablePart('passages', [['source', 'line', 'sentence'], ...passages]),
    ...(reading.prompt === null ? [] : [promptPart(reading.prompt)]),
    tablePart('candidates', [['answer', 'probability', ...names], ...ranked, weights]),
  ];
}
