import { z } from 'zod';
import { train } from '../linear/logistic.js';
import { denseMatrix } from '../linear/matrix.js';
import {
  compilePrompt,
  type PromptModel,
  type PromptRenderer,
  tokenizePrefix,
  tokenizeSegments,
  usesChat,
} from '../prompt.js';
import { words as wordsOf } from '../segment.js';
import type { AnswerOutput, Engine, Example, InputRecord, Output, Span, TaskProfile, Token } from '../types.js';
import {
  advance,
  beginnings,
  type CopyState,
  complete,
  continuations,
  copiedSpan,
  type SourceWord,
  sourceWords,
} from './copying.js';
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

/** Features of the best candidate that the no-answer decision goes by; see `featuresOf`. */
interface Judge {
  readonly weights: readonly number[];
  readonly intercept: number;
}

/** Where nothing could be fitted: about even odds for a candidate of e⁻¹ a token from passages that cover half the question. */
const defaultJudge: Judge = { weights: [1, 3, 0], intercept: -0.5 };

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
    const search = createSearch(context, options);
    const lead = usesChat(profile, engine.model) ? '' : ' ';
    const reader: Reader = { engine, render, options, profile, end: engine.tokenize('\n').slice(0, 1), lead };
    const judge = await judgeFor(context, options, reader, search);

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const reading = await read(reader, search, record);
        const output = outputOf(reading, judge);
        return { output, explanation: explain ? explanationOf(reading, judge) : [] };
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
}

interface Reader {
  readonly engine: Engine;
  readonly render: PromptRenderer;
  readonly options: Options;
  readonly profile: TaskProfile;
  readonly end: readonly Token[];
  readonly lead: '' | ' ';
}

type Search = (record: InputRecord) => PassageIndex;

/** The record's own passage where it has one, otherwise the documents, indexed once. */
function createSearch({ documents }: MethodContext, options: Options): Search {
  let shared: PassageIndex | null = null;
  return (record) => {
    const own = record.fields[options.contextField];
    if (typeof own === 'string' && own.trim() !== '')
      return indexPassages([{ source: options.contextField, text: own }]);
    const { source } = record.fields;
    // An example that names its document is asked about that one alone.
    const named = documents.filter((document) => typeof source === 'string' && document.source.endsWith(source));
    if (named.length > 0 && named.length < documents.length) return indexPassages(named);
    shared ??= indexPassages(documents);
    return shared;
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
    candidates.push({ ...joined.locate(copiedSpan(words, state)), logprob });
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

function follow(words: readonly SourceWord[], tokens: readonly Token[]): CopyState[] {
  let states = beginnings(words);
  for (const token of tokens) states = advance(words, states, token);
  return tokens.length === 0 ? [] : states;
}

/** The passages as one text of words, and the way back from its offsets to a passage. */
function joinPassages(passages: readonly Passage[]) {
  let text = '';
  const words: (Span & { group: number })[] = [];
  const starts: number[] = [];
  for (const [group, passage] of passages.entries()) {
    text += ' ';
    const start = text.length;
    starts.push(start);
    for (const word of wordsOf(passage.text)) words.push({ start: start + word.start, end: start + word.end, group });
    text += passage.text;
  }
  const locate = (span: Span) => {
    const group = starts.findLastIndex((start) => start <= span.start);
    const passage = passages[group] as Passage;
    const offset = passage.start - (starts[group] as number);
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

/**
 * [mean log-probability a token, coverage of the question by the passages, lead over the second candidate].
 * All bounded, so that a judge fitted on a few dozen examples stays sane.
 */
function featuresOf({ candidates, coverage }: Reading): number[] {
  const [best, second] = candidates;
  const logprob = Math.max(-6, best?.logprob ?? -6);
  const lead = second === undefined ? 1 : Math.min(3, (best?.logprob ?? 0) - second.logprob);
  return [logprob, coverage, lead];
}

function probabilityOf(features: readonly number[], judge: Judge): number {
  const score = features.reduce((sum, value, i) => sum + value * (judge.weights[i] as number), judge.intercept);
  return 1 / (1 + Math.exp(-score));
}

function outputOf(reading: Reading, judge: Judge): AnswerOutput {
  const [best] = reading.candidates;
  if (best === undefined) {
    return { type: 'answer', answer: null, score: 0, reason: 'no passage shares a word with the question' };
  }
  const { document } = best.passage;
  return {
    type: 'answer',
    answer: best.text,
    score: probabilityOf(featuresOf(reading), judge),
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

/** Fits the decision between an answer and none on the profile's examples; once, then from the cache. */
async function judgeFor(context: MethodContext, options: Options, reader: Reader, search: Search): Promise<Judge> {
  const { profile, engine, cache, documents } = context;
  const shots = new Set(answeredShots(profile, options).map((shot) => shot.fields));
  const pool = profile.examples
    .filter((example) => !shots.has(example.record.fields) && isAnswerable(example, documents, options))
    .slice(0, options.poolSize);
  if (pool.length < smallestPool) return defaultJudge;
  const key = ['judge 1', engine.model.sha256 ?? engine.model.path, profile.digest].join(' ');
  const known = z
    .object({ weights: z.array(z.number()).length(3), intercept: z.number() })
    .safeParse(await cache.get(key));
  if (known.success) return known.data;

  let done = 0;
  const features = await Promise.all(
    pool.map((example) =>
      engine.hold(async () => {
        const reading = await read(reader, search, example.record);
        context.onProgress('calibrating', ++done, pool.length);
        return featuresOf(reading);
      }),
    ),
  );
  const answerable = pool.map((example) => answersOf(example).length > 0);
  const model = train(
    denseMatrix(features, 3),
    { kind: 'single', classes: 2, y: Int32Array.from(answerable, Number) },
    { l2: 1, classWeight: 'balanced' },
  );
  const judge = {
    weights: [0, 1, 2].map((i) => (model.weights[3 + i] as number) - (model.weights[i] as number)),
    intercept: (model.bias[1] as number) - (model.bias[0] as number),
  };
  await cache.set(key, judge);
  return judge;
}

/** Whether an example can be read here: its passage, or the document it names, is at hand. */
function isAnswerable(example: Example, documents: readonly Document[], options: Options): boolean {
  const { fields } = example.record;
  if (typeof fields[options.contextField] === 'string') return true;
  return documents.some((document) => typeof fields.source === 'string' && document.source.endsWith(fields.source));
}

function explanationOf(reading: Reading, judge: Judge) {
  const [logprob, coverage, lead] = featuresOf(reading) as [number, number, number];
  return [
    tablePart('passages', [
      ['source', 'line', 'sentence'],
      ...reading.chosen.map((p) => [p.document.source, String(lineOf(p.document.text, p.start)), p.text]),
    ]),
    ...(reading.prompt === null ? [] : [promptPart(reading.prompt)]),
    tablePart('candidates', [
      ['answer', 'mean log p'],
      ...reading.candidates.map((c) => [JSON.stringify(c.text), c.logprob.toFixed(4)]),
    ]),
    {
      title: 'decision',
      body: `probability of an answer ${probabilityOf([logprob, coverage, lead], judge).toFixed(4)} from log p ${logprob.toFixed(3)} × ${judge.weights[0]?.toFixed(3)}, words of the question covered ${coverage.toFixed(3)} × ${judge.weights[1]?.toFixed(3)}, lead ${lead.toFixed(3)} × ${judge.weights[2]?.toFixed(3)}, intercept ${judge.intercept.toFixed(3)}`,
    },
  ];
}
