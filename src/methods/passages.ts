import { indexInMemory } from '../documents/memory-index.js';
import type { Passage, PassageIndex } from '../documents/passages.js';
import { storeOf } from '../documents/store/kept-documents.js';
import { unspaced } from '../scripts.js';
import type { Document } from './types.js';

export type { Passage, PassageIndex } from '../documents/passages.js';
export { contentTerms } from '../documents/terms.js';

/** What finds sentences of documents: the index that they are kept with, else one that is made now, in memory. */
export function indexPassages(documents: readonly Document[]): PassageIndex {
  return storeOf(documents)?.index ?? indexInMemory(documents);
}

/**
 * What is read where no passage shares a word with a question: everything, if that is little. The words may be those of
 * another language, or other words for the same.
 * @param longest characters of a group of sentences
 * @param groups how many such groups are little
 */
export function readAnyway(index: PassageIndex, longest: number, groups = fewGroups): Passage[][] {
  return index.everything(longest, longest * groups);
}

const fewGroups = 3;

/** Why there is no answer where there is nothing to read. */
export const nothingFound = 'no passage shares a word with the question';

/** Sentences as one text, with blanks between them where their script has such. */
export function joinSentences(sentences: readonly string[]): string {
  return sentences.reduce(
    (text, sentence) => text + (text === '' || endsUnspaced.test(text) ? '' : ' ') + sentence,
    '',
  );
}

/** A character of a script without blanks, or one of its punctuation marks. */
const endsUnspaced = new RegExp(`[${unspaced}。！？；：，、」』】》〉）．]$`, 'u');
