import { sentences } from '../segment.js';
import type { Document, Span } from '../types.js';

/** A sentence of a document. */
export interface Passage extends Span {
  readonly document: Document;
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

/** Finds sentences of documents. */
export interface PassageIndex {
  /** The best `count` sentences, best first. */
  search(question: string, count: number): Found[];
  /** The best `count` groups of whole sentences of at most so many characters, best first; none where nothing is found. */
  windows(question: string, count: number, longest: number): Passage[][];
  /** Share of the question's content words, weighted by how rare they are, that stand in the given passages; 0 to 1. */
  coverage(question: string, passages: readonly Passage[]): number;
}

/** Sentences that a choice of windows goes by. */
export const searchedSentences = 40;
/** How much a further sentence counts beside the one before. */
const furtherSentences = 0.4;

/**
 * The windows that the found sentences stand in, best first.
 * @param windowOf the same value for all sentences of a window
 */
export function rankWindows<Window>(found: readonly Found[], windowOf: (passage: Passage) => Window): Window[] {
  const scores = new Map<Window, number[]>();
  for (const { passage, score } of found) {
    const window = windowOf(passage);
    scores.set(window, [...(scores.get(window) ?? []), score]);
  }
  // The best sentence decides; others say a little more, each less than the one before.
  const total = (all: readonly number[]) => all.reduce((sum, score, i) => sum + score * furtherSentences ** i, 0);
  return [...scores].sort((a, b) => total(b[1]) - total(a[1])).map(([window]) => window);
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
