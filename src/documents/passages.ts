import { sentences } from '../segment.js';
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

/** The sentences of a text, with the headings above each. */
export function cutPassages(text: string): (Span & Pick<Passage, 'text' | 'heading'>)[] {
  const found: (Span & Pick<Passage, 'text' | 'heading'>)[] = [];
  const headings: string[] = [];
  for (const span of sentences(text)) {
    const sentence = text.slice(span.start, span.end);
    const heading = /^(#{1,6})\s+(.*)$/u.exec(sentence);
    if (heading !== null) {
      headings.length = Math.min(headings.length, (heading[1] as string).length - 1);
      headings.push(heading[2] as string);
      continue;
    }
    if (/[\p{L}\p{N}]/u.test(sentence)) found.push({ ...span, text: sentence, heading: headings.join(' › ') });
  }
  return found;
}
