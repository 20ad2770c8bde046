import { type PromptRenderer, tokenizePrefix, tokenizeSegments } from '../../prompt.js';
import { words as wordsOf } from '../../segment.js';
import { ownDocument } from '../../task-types/answer/evidence.js';
import type { EngineWith, InputRecord, Span, TaskProfile, Token } from '../../types.js';
import { beginnings, complete, continuations, copiedSpan, follow, type SourceWord, sourceWords } from '../copying.js';
import { indexPassages, type Passage, type PassageIndex } from '../passages.js';
import type { Document } from '../types.js';

/** How passages are chosen and read. */
export interface ReadingOptions {
  /** Sentences that the model reads for a question. */
  readonly passages: number;
  /** Answers that are spelled out and compared. */
  readonly candidates: number;
  /** Tokens of the longest answer. */
  readonly longestAnswer: number;
  /** Field of a record that brings its own passage. */
  readonly contextField: string;
}

/** What reading the passages for a question gave. */
export interface Reading {
  readonly index: PassageIndex;
  /** In the order of the documents. */
  readonly chosen: readonly Passage[];
  readonly coverage: number;
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
}

export interface Reader {
  readonly engine: EngineWith<'scores'>;
  readonly render: PromptRenderer;
  readonly options: ReadingOptions;
  readonly profile: TaskProfile;
  readonly end: readonly Token[];
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
    const named = documents.filter((document) => typeof source === 'string' && document.source.endsWith(source));
    const chosen = named.length > 0 ? named : documents;
    const key = chosen.map((document) => document.source).join('\n');
    const index = indexes.get(key) ?? indexPassages(chosen);
    indexes.set(key, index);
    return index;
  };
}

/** Retrieves passages for a question and copies candidate answers out of them. */
export async function read(reader: Reader, search: Search, record: InputRecord): Promise<Reading> {
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
