import { sentences, windows } from '../segment.js';
import { trimSpan } from '../spans.js';
import type { Document, Span } from '../types.js';
import type { Language } from './languages.js';
import { terms } from './terms.js';

/** A sentence of a document. */
export interface Passage extends Span {
  readonly document: Document;
  /** That of the document. */
  readonly language: Language;
  readonly text: string;
  /** The headings above it, outermost first, as Markdown writes them. */
  readonly heading: string;
  /** Sorts passages as they stand in the documents, and these as they were named. */
  readonly place: number;
}

export interface Found {
  readonly passage: Passage;
  /** BM25 score; no upper bound. */
  readonly score: number;
}

/** Sentences that stand together. */
export interface ScoredWindow {
  readonly passages: readonly Passage[];
  readonly score: number;
}

/** Finds sentences of documents. */
export interface PassageIndex {
  /** The best `count` sentences, best first. */
  search(question: string, count: number): Found[];
  /** The best `count` groups of whole sentences of at most so many characters, best first; none where nothing is found. */
  windows(question: string, count: number, longest: number): Passage[][];
  /** The same with their scores, from 0 to 1. */
  scoredWindows(question: string, count: number, longest: number): ScoredWindow[];
  /**
   * All sentences in groups of at most so many characters, in their order, whatever the question; none where the
   * documents have more than `most` characters.
   */
  everything(longest: number, most: number): Passage[][];
  /** Share of the question's content words, weighted by how rare they are, that stand in the given passages; 0 to 1. */
  coverage(question: string, passages: readonly Passage[]): number;
}

/** Consecutive sentences of a document under one heading, as many as fit; a longer sentence is alone. */
export function windowsOf<T extends Span & { readonly heading: unknown }>(
  passages: readonly T[],
  longest: number,
): T[][] {
  const windows: T[][] = [];
  for (const passage of passages) {
    const open = windows.at(-1);
    const first = open?.[0];
    const fits = first !== undefined && first.heading === passage.heading && passage.end - first.start <= longest;
    if (fits) open?.push(passage);
    else windows.push([passage]);
  }
  return windows;
}

/**
 * All sentences of documents, grouped as `windowsOf` does; with little under each of many headings, whatever the heading.
 * @param most characters of all sentences, beyond which there are no groups
 */
export function everythingIn(documents: readonly (readonly Passage[])[], longest: number, most: number): Passage[][] {
  const characters = documents.flat().reduce((sum, { start, end }) => sum + end - start, 0);
  if (characters > most) return [];
  const groups = documents.flatMap((passages) => windowsOf(passages, longest));
  const enough = Math.ceil(most / longest) * 2;
  if (groups.length <= enough) return groups;
  const merged = documents.flatMap((passages) =>
    windowsOf(
      passages.map((passage) => ({ ...passage, heading: '' })),
      longest,
    ),
  );
  return merged.length <= enough ? merged : [];
}

/** Words of sentences that stand under one heading, and those of the heading. */
export function wordsIn(window: readonly Pick<Passage, 'text' | 'heading' | 'language'>[]): string[] {
  const [first] = window;
  if (first === undefined) return [];
  return [first.heading, ...window.map(({ text }) => text)].flatMap((text) => terms(text, first.language));
}

/** A sentence of a text, with the headings above it. */
type CutPassage = Span & Pick<Passage, 'text' | 'heading'>;

/**
 * The sentences of a text, with the headings above each. A longer one than fits well into a prompt, such as a list
 * without blank lines, is cut at its line ends, a longer line between words. In fenced code there are no headings.
 * A heading is a passage, too, where nothing stands below it, or where it states a value ("Fee: 12 euros").
 */
export function cutPassages(text: string): CutPassage[] {
  const found: CutPassage[] = [];
  const headings: string[] = [];
  /** The last heading, as long as nothing stands below it. */
  let open: { readonly level: number; readonly passage: CutPassage } | null = null;
  for (const { span, isCode } of partsOf(text)) {
    const sentence = text.slice(span.start, span.end);
    const heading = isCode || sentence.length > longestHeading ? null : /^(#{1,6})\s+(.*)$/u.exec(sentence);
    if (heading === null) {
      if (!/[\p{L}\p{N}]/u.test(sentence)) continue;
      found.push({ ...span, text: sentence, heading: headings.join(' › ') });
      open = null;
      continue;
    }
    const [, { length: level }, title] = heading as unknown as [string, string, string];
    if (open !== null && level <= open.level) found.push(open.passage);
    headings.length = Math.min(headings.length, level - 1);
    const start = span.end - title.length;
    const passage = { start, end: span.end, text: title, heading: headings.join(' › ') };
    headings.push(title);
    open = /[\p{L}\p{N}]/u.test(title) ? { level, passage } : null;
    if (open === null || !/[:：].*\p{N}/u.test(title)) continue;
    found.push(passage);
    open = null;
  }
  if (open !== null) found.push(open.passage);
  return found;
}

/** Characters (UTF-16 code units) of the longest sentence, and of the longest heading; longer ones are no such thing. */
const longestSentence = 1000;
const longestHeading = 300;

/** Sentences, and what stands together in fenced code, in order. */
function partsOf(text: string): { readonly span: Span; readonly isCode: boolean }[] {
  const parts: { span: Span; isCode: boolean }[] = [];
  const add = (start: number, end: number, isCode: boolean) => {
    for (const { start: first, end: last } of sentences(text.slice(start, end))) {
      const span = { start: start + first, end: start + last };
      parts.push(...shortened(text, span).map((short) => ({ span: short, isCode })));
    }
  };
  let at = 0;
  for (const { whole, code } of fencesIn(text)) {
    add(at, whole.start, false);
    add(code.start, code.end, true);
    at = whole.end;
  }
  add(at, text.length, false);
  return parts;
}

function shortened(text: string, span: Span): Span[] {
  if (span.end - span.start <= longestSentence) return [span];
  return linesOf(text, span).flatMap((line) => windows(text, [line], longestSentence, ({ length }) => length));
}

function linesOf(text: string, { start, end }: Span): Span[] {
  return [...text.slice(start, end).matchAll(/[^\n]+/gu)].flatMap(({ 0: line, index }) => {
    const span = trimSpan(text, { start: start + index, end: start + index + line.length });
    return span === null ? [] : [span];
  });
}

/** Fenced code, as Markdown has it, with and without the fences; up to the end of the text where one is not closed. */
function fencesIn(text: string): { readonly whole: Span; readonly code: Span }[] {
  const found: { readonly whole: Span; readonly code: Span }[] = [];
  let opened: { readonly mark: string; readonly at: number; readonly start: number } | null = null;
  for (const { 0: line, 1: mark = '', 2: rest = '', index: at } of text.matchAll(/^ {0,3}(`{3,}|~{3,})(.*)\n?/gmu)) {
    const next = at + line.length;
    if (opened === null) {
      // Backticks later in the line make it code within a sentence.
      if (mark.startsWith('~') || !rest.includes('`')) opened = { mark, at, start: next };
    } else if (mark.startsWith(opened.mark) && rest.trim() === '') {
      found.push({ whole: { start: opened.at, end: next }, code: { start: opened.start, end: at } });
      opened = null;
    }
  }
  const end = text.length;
  if (opened !== null) found.push({ whole: { start: opened.at, end }, code: { start: opened.start, end } });
  return found;
}
