import { comparedWindows, orderBySimilarity } from '../../documents/similar-windows.js';
import { type PromptRenderer, tokenizePrompt } from '../../prompt.js';
import { ownDocument } from '../../task-types/answer/evidence.js';
import type { EngineWith, InputRecord, Prompt, Span, TaskProfile, Token } from '../../types.js';
import { beginnings, complete, continuations, copiedSpan, follow, type SourceWord, sourceWords } from '../copying.js';
import { eachBeside } from '../each-beside.js';
import { fittingWindow } from '../fitting-window.js';
import type { Likeness } from '../likeness.js';
import { promptLength, readOnce } from '../parts.js';
import { indexPassages, type Passage, type PassageIndex, passageOf, readAnyway } from '../passages.js';
import type { Document } from '../types.js';
import type { Judge } from './answerability.js';
import { type JoinedPassages, joinPassages } from './joined-passages.js';
import { placeOfAnswer } from './place-of-answer.js';

/** How passages are chosen and read. */
export interface ReadingOptions {
  /** Sentences that are read together, without chat turns. */
  readonly passages: number;
  /** Groups of sentences that are read one by one, in chat turns, and characters of one. */
  readonly windows: number;
  readonly windowLength: number;
  /** Answers that are spelled out and compared. */
  readonly candidates: number;
  /** Tokens of the longest answer. */
  readonly longestAnswer: number;
  /** Field of a record that brings its own passage. */
  readonly contextField: string;
}

/** Results of reading the passages for a question. */
export interface Reading {
  readonly index: PassageIndex;
  /** In the order of the documents. */
  readonly chosen: readonly Passage[];
  readonly candidates: readonly Candidate[];
  readonly prompt: ReturnType<PromptRenderer> | null;
}

export interface Candidate extends Span {
  readonly passage: Passage;
  readonly text: string;
  /** Mean log-probability a token, with the token that ends it, nats. */
  readonly logprob: number;
  readonly firstLogprob: number;
  readonly tokens: number;
  /** Share of the question's words that what was read has. */
  readonly coverage: number;
  /** Log-odds of "yes, what was read answers the question", nats; null where the model was not asked. */
  readonly answered: number | null;
  /** The same of the answer's own sentence, less those for a passage on nothing that is asked about. */
  readonly sentenceAnswered: number | null;
}

export interface Reader {
  readonly engine: EngineWith<'scores' | 'generation'>;
  readonly render: PromptRenderer;
  readonly options: ReadingOptions;
  readonly profile: TaskProfile;
  /** Any of them ends an answer. */
  readonly end: readonly Token[];
  /** The characters before an answer. */
  readonly lead: '' | ' ';
  /** Whether the model is asked in chat turns: it reads whole passages, and answers freely. */
  readonly inTurns: boolean;
  /** Null for a model without chat turns, whose yes and no say nothing, and without another one that judges. */
  readonly judge: Judge | null;
  /** Whether the judge is asked about each passage. */
  readonly asksOfPassages: boolean;
  /** Whether the judge is also asked about the sentence that each answer stands in. */
  readonly asksOfSentences: boolean;
  /** Null where passages are found by their words alone. */
  readonly likeness: Likeness | null;
}

export type Search = (record: InputRecord) => PassageIndex;

/** The record's own passage where it has one, otherwise the documents, each choice of them indexed once. */
export function createSearch(documents: readonly Document[], options: Pick<ReadingOptions, 'contextField'>): Search {
  const indexes = new Map<string, PassageIndex>();
  return (record) => {
    const own = record.fields[options.contextField];
    if (typeof own === 'string' && own.trim() !== '') return indexPassages([ownDocument(options.contextField, own)]);
    const { source } = record.fields;
    // An example that names its document is asked about that one alone.
    const named = documents.filter((document) => typeof source === 'string' && isCalled(document, source));
    const chosen = named.length > 0 ? named : documents;
    const key = chosen.map((document) => document.source).join('\n');
    const index = indexes.get(key) ?? indexPassages(chosen);
    indexes.set(key, index);
    return index;
  };
}

/** Whether a document is the one of this name, or of this end of its path. */
export function isCalled({ source }: Document, name: string): boolean {
  return name !== '' && (source === name || source.endsWith(`/${name}`) || source.endsWith(`\\${name}`));
}

/** Retrieves passages for a question and copies candidate answers out of them. */
export async function read(reader: Reader, search: Search, record: InputRecord): Promise<Reading> {
  const index = search(record);
  const { judge, options } = reader;
  const windows =
    judge === null ? bestSentences(index, record.text, options) : await bestWindows(reader, index, record.text);
  const read = await eachBeside<WindowReading[]>(
    reader.engine,
    windows.map((window) => () => readWindow(reader, index, record, window)),
  );
  return {
    index,
    chosen: windows.flat(),
    candidates: await withSentences(
      reader,
      record,
      read.flatMap(({ candidates }) => candidates),
    ),
    prompt: read[0]?.prompt ?? null,
  };
}

/** The candidates with what the judge says of their sentences, each asked about once. */
async function withSentences(
  { engine, judge, asksOfSentences, options, profile }: Reader,
  record: InputRecord,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> {
  if (judge === null || !asksOfSentences || candidates.length === 0) return candidates;
  const fields = { ...record.fields, [profile.input]: record.text };
  const texts = [...new Set(candidates.map(({ passage }) => passage.text))];
  const [unrelated = 0, ...odds] = await eachBeside<number[]>(engine, [
    () => judge.unrelatedLogOdds(fields),
    ...texts.map((text) => () => judge.logOdds({ ...fields, [options.contextField]: text })),
  ]);
  const known = new Map(texts.map((text, i) => [text, odds[i] as number]));
  return candidates.map((candidate) => ({
    ...candidate,
    sentenceAnswered: (known.get(candidate.passage.text) as number) - unrelated,
  }));
}

/** What the choice of passages takes of a reader. */
type Chooser = Pick<Reader, 'likeness' | 'judge'> & {
  readonly options: Pick<ReadingOptions, 'windows' | 'windowLength'>;
};

/** The passages that are read one by one, best first; none where nothing is found in much text, or without a judge. */
export async function bestWindows(
  { options, likeness, judge }: Chooser,
  index: PassageIndex,
  question: string,
): Promise<Passage[][]> {
  const { windows: count, windowLength } = options;
  const found = index.scoredWindows(question, likeness === null ? count : comparedWindows, windowLength);
  if (found.length === 0) return judge === null ? [] : readAnyway(index, windowLength);
  if (likeness === null) return found.map(({ passages }) => [...passages]);
  const texts = found.map(({ passages }) => passages.map(({ text }) => text).join(' '));
  const cosines = found.length < 2 ? [] : await likeness(question, texts);
  return orderBySimilarity(found, cosines)
    .slice(0, count)
    .map(({ passages }) => [...passages]);
}

/**
 * The sentences that are read together, in the order of the documents. None where nothing is found: without a judge, it
 * is the shared words that tell what is on the subject.
 */
function bestSentences(index: PassageIndex, question: string, { passages: count }: ReadingOptions): Passage[][] {
  const found = index.search(question, count).map((hit) => hit.passage);
  if (found.length === 0) return [];
  return [found.sort((a, b) => a.place - b.place)];
}

/** A candidate before it is known what its passage is worth. */
type Copied = Omit<Candidate, 'coverage' | 'answered' | 'sentenceAnswered'>;

interface WindowReading {
  readonly prompt: ReturnType<PromptRenderer>;
  readonly candidates: readonly Candidate[];
}

async function readWindow(
  reader: Reader,
  index: PassageIndex,
  record: InputRecord,
  found: readonly Passage[],
): Promise<WindowReading> {
  const { judge, asksOfPassages, engine, options } = reader;
  const { part: window, made } = fittingWindow(
    found,
    (part) => askAbout(reader, record, part, part.map(passageText)),
    ({ asked, fields }) =>
      // The answer and its end come after it.
      promptLength(asked) + options.longestAnswer + 1 <= engine.model.contextSize &&
      (judge === null || judge.fits(fields)),
  );
  const { fields, text, asked } = made;
  const coverage = index.coverage(record.text, window);
  const joined = joinPassages(window);
  const spell = async () =>
    (reader.inTurns ? await freeCandidate(reader, asked, joined) : null) ?? copyCandidates(reader, asked, joined);
  const [candidates, answered] =
    judge === null || !asksOfPassages
      ? [await spell(), null]
      : await eachBeside<[Copied[], number]>(reader.engine, [spell, () => judge.logOdds(fields)]);
  return {
    prompt: text,
    candidates: candidates.map((candidate) => ({ ...candidate, coverage, answered, sentenceAnswered: null })),
  };
}

/**
 * The prompt over one passage, and the fields that it is made of. All that is asked after it has the same prefix, which
 * is evaluated once.
 * @param sentences of the passage, as the model reads them
 */
export function askAbout(
  { engine, inTurns, options, profile, render }: Asker,
  record: InputRecord,
  window: readonly Passage[],
  sentences: readonly string[],
) {
  const heading = inTurns ? (window[0]?.heading ?? '') : '';
  const fields = {
    ...record.fields,
    [options.contextField]: passageOf(sentences, heading),
    [profile.input]: record.text,
  };
  const text = render(fields);
  return { fields, text, asked: readOnce(tokenizePrompt(engine, text)) };
}

/** What a prompt over a passage takes of a reader. */
type Asker = Pick<Reader, 'inTurns' | 'profile' | 'render'> & {
  readonly engine: EngineWith<'scores'>;
  readonly options: Pick<ReadingOptions, 'contextField'>;
};

/**
 * The answer in the model's own words, if the passages contain it; else null. In a conversation, a model begins with a
 * capital, an article or a few words of the question. Results are better if it may do so and the answer is looked up
 * afterwards than if it may only copy.
 */
async function freeCandidate(
  { engine, options, end }: Reader,
  asked: Prompt,
  joined: JoinedPassages,
): Promise<Copied[] | null> {
  const given = await engine.generate(asked, { maxTokens: options.longestAnswer, stop: ['\n'] });
  const span = placeOfAnswer(given.text, joined);
  if (span === null) return null;
  const located = joined.locate(span);
  const tokens = engine.tokenize(located.text);
  if (tokens.length === 0) return null;
  const [whole, first] = await engine.scoreContinuations(asked, [[...tokens, end[0] as Token], tokens.slice(0, 1)]);
  return [
    {
      ...located,
      logprob: (whole as number) / (tokens.length + 1),
      firstLogprob: first as number,
      tokens: tokens.length,
    },
  ];
}

/** A list item or table row says little without its heading. */
function passageText(passage: Passage): string {
  return passage.text.replace(/^[-*+]\s+/u, '');
}

/**
 * The most likely first tokens are each followed to the end of the answer, greedily, within one sentence. Compared
 * by the mean log-probability a token, which does not favour short answers as the sum would.
 */
async function copyCandidates(reader: Reader, { prefix, input }: Prompt, joined: JoinedPassages): Promise<Copied[]> {
  const { engine, options } = reader;
  const words = sourceWords(engine, joined.text, joined.words, reader.lead);
  if (words.length === 0) return [];
  const firsts = continuations(words, beginnings(words));
  const [scores] = await engine.scoreNext({ prefix, input }, [0], firsts);
  const best = firsts
    .map((token, i) => ({ token, logprob: scores?.[i] as number }))
    .sort((a, b) => b.logprob - a.logprob || a.token - b.token)
    .slice(0, options.candidates);
  const candidates: Copied[] = [];
  for (const first of best) {
    if (reader.inTurns && first.logprob < (best[0]?.logprob ?? 0) - farthestBeginning) continue;
    const decoded = await engine.decode(
      { prefix, input: [...input, first.token] },
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

/** Nats; an answer that begins so much less likely than the best is not spelled out. */
const farthestBeginning = 6;

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

function distinct(candidates: readonly Copied[]): Copied[] {
  const seen = new Map<string, Copied>();
  for (const candidate of candidates) {
    const key = `${candidate.passage.document.source} ${candidate.start} ${candidate.end}`;
    const known = seen.get(key);
    if (known === undefined || known.logprob < candidate.logprob) seen.set(key, candidate);
  }
  return [...seen.values()];
}
