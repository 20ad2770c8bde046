import { indexInMemory } from '../documents/memory-index.js';
import type { PassageIndex } from '../documents/passages.js';
import { storeOf } from '../documents/store/kept-documents.js';
import type { Document } from './types.js';

export type { Passage, PassageIndex } from '../documents/passages.js';
export { contentTerms } from '../documents/terms.js';

/** What finds sentences of documents: the index that they are kept with, else one that is made now, in memory. */
export function indexPassages(documents: readonly Document[]): PassageIndex {
  return storeOf(documents)?.index ?? indexInMemory(documents);
}
