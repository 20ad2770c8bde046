import { lazy } from '../lazy.js';
import type { Document } from '../types.js';
import {
  cutPassages,
  everythingIn,
  type Found,
  type Passage,
  type PassageIndex,
  type ScoredWindow,
  windowsOf,
  wordsIn,
} from './passages.js';
import { bm25, boost, coverageOf, rarity } from './ranking.js';
import { contentTerms, terms } from './terms.js';
import { byWindow, rankWindows, searchedSentences } from './window-ranking.js';

const MiniSearch = lazy<typeof import('minisearch').default>('minisearch');

export interface MemoryIndex extends PassageIndex {
  readonly passages: readonly Passage[];
}

/** Cuts documents into sentences and indexes them for BM25, in memory. */
export function indexInMemory(documents: readonly Document[]): MemoryIndex {
  const byDocument = documents.map((document) =>
    cutPassages(document.text).map((passage): Omit<Passage, 'place'> => ({ ...passage, document })),
  );
  const passages = byDocument.flat().map((passage, place) => ({ ...passage, place }));
  const Index = MiniSearch();
  const index = new Index<{ id: number; text: string; near: string; heading: string }>({
    fields: ['text', 'near', 'heading'],
    tokenize: terms,
    processTerm: (term) => term,
    searchOptions: { boost, bm25 },
  });
  index.addAll(
    passages.map((passage, id) => ({
      id,
      text: passage.text,
      near: [passages[id - 1], passages[id + 1]]
        .filter((near) => near?.document === passage.document)
        .map((near) => near?.text)
        .join(' '),
      heading: passage.heading,
    })),
  );
  const termsOf = passages.map((passage) => new Set([...terms(passage.text), ...terms(passage.heading)]));
  const counts = new Map<string, number>();
  for (const own of termsOf) for (const term of own) counts.set(term, (counts.get(term) ?? 0) + 1);
  const search = (question: string, count: number): Found[] =>
    index
      .search(contentTerms(question).join(' '), { tokenize: (text) => text.split(' ').filter(Boolean) })
      .slice(0, count)
      .map((hit) => ({ passage: passages[hit.id as number] as Passage, score: hit.score }));
  const cut = new Map<number, Map<Passage, Passage[]>>();
  const windowOf = (passage: Passage, longest: number): Passage[] => {
    let known = cut.get(longest);
    if (known === undefined) {
      const all = documents.flatMap((document) => windowsOf(ofDocument.get(document) ?? [], longest));
      known = new Map(all.flatMap((window) => window.map((each) => [each, window])));
      cut.set(longest, known);
    }
    return known.get(passage) as Passage[];
  };
  const ofDocument = new Map<Document, Passage[]>();
  for (const passage of passages) {
    const own = ofDocument.get(passage.document);
    if (own === undefined) ofDocument.set(passage.document, [passage]);
    else own.push(passage);
  }
  const withTerm = (term: string) => counts.get(term) ?? 0;
  const scoredWindows = (question: string, count: number, longest: number): ScoredWindow[] => {
    const found = byWindow(search(question, searchedSentences), ({ passage }) => windowOf(passage, longest));
    return rankWindows(found, contentTerms(question), wordsIn, withTerm, passages.length)
      .slice(0, count)
      .map(({ window, score }) => ({ passages: window, score }));
  };
  return {
    passages,
    search,
    scoredWindows,
    windows: (question, count, longest) =>
      scoredWindows(question, count, longest).map((window) => [...window.passages]),
    everything: (longest, most) => everythingIn([...ofDocument.values()], longest, most),
    coverage(question, chosen) {
      const here = new Set(chosen.flatMap(({ place }) => [...(termsOf[place] ?? [])]));
      return coverageOf(contentTerms(question), here, (term) => rarity(passages.length, withTerm(term)));
    },
  };
}
