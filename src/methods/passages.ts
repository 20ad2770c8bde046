import { indexInMemory } from '../documents/memory-index.js';
import type { Passage, PassageIndex } from '../documents/passages.js';
import { storeOf } from '../documents/store/kept-documents.js';
import { joinSentences } from '../scripts.js';
import type { Document } from './types.js';

export type { Passage, PassageIndex } from '../documents/passages.js';
export { contentTerms } from '../documents/terms.js';

/** The index that finds sentences of documents: the one that they are kept with, else a new one in memory. */
export function indexPassages(documents: readonly Document[]): PassageIndex {
  return storeOf(documents)?.index ?? indexInMemory(documents);
}

/**
 * The passages to read if none of them shares a word with a question: all of them, if they are few. The question may be
 * in another language, or use other words for the same thing.
 * @param longest characters of a group of sentences
 * @param groups how many such groups are little
 */
export function readAnyway(index: PassageIndex, longest: number, groups = fewGroups): Passage[][] {
  return index.everything(longest, longest * groups);
}

const fewGroups = 3;

/** A list item without its mark: it says the same, and where sentences are copied, the mark would count. */
export function withoutMark(passage: Passage): Passage {
  const length = /^(?:[-*+•‣◦]|\d{1,3}[.)])\s+/u.exec(passage.text)?.[0].length ?? 0;
  return length === 0 ? passage : { ...passage, text: passage.text.slice(length), start: passage.start + length };
}

/** Sentences as one passage that a model reads, after the heading above them: each row of a table on a line of its own. */
export function passageOf(sentences: readonly string[], heading = ''): string {
  const lines: string[][] = [];
  for (const sentence of sentences) {
    const open = lines.at(-1);
    if (open === undefined || isRow(sentence) || isRow(open[0] as string)) lines.push([sentence]);
    else open.push(sentence);
  }
  const passage = lines.map(joinSentences).join('\n');
  return heading === '' ? passage : `${heading}:${isRow(passage) ? '\n' : ' '}${passage}`;
}

function isRow(sentence: string): boolean {
  return sentence.startsWith('|');
}

/** Why there is no answer where there is nothing to read. */
export const nothingFound = 'no passage shares a word with the question';
