import { lazy } from '../lazy.js';
import type { Document } from '../types.js';
import { commonestFirst, languageOfDocument } from './language-of.js';
import { english } from './languages.js';
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
import { askedTerms, terms } from './terms.js';
import { byWindow, rankWindows, searchedSentences } from './window-ranking.js';

const MiniSearch = lazy<typeof import('minisearch').default>('minisearch');

export interface MemoryIndex extends PassageIndex {
  readonly passages: readonly Passage[];
}

/** Cuts documents into sentences and indexes them for BM25, in memory. */
export function indexInMemory(documents: readonly Document[]): MemoryIndex {
  const byDocument = documents.map((document) => {
    const language = languageOfDocument(document.text);
    return cutPassages(document.text).map((passage): Omit<Passage, 'place'> => ({ ...passage, document, language }));
  });
  const passages = byDocument.flat().map((passage, place) => ({ ...passage, place }));
  const languages = commonestFirst(countsOf(passages.map(({ language }) => language)));
  const textTerms = passages.map(({ text, language }) => terms(text, language));
  const headingTerms = passages.map(({ heading, language }) => terms(heading, language));
  const Index = MiniSearch();
  const index = new Index<{ id: number; text: string; near: string; heading: string }>({
    fields: ['text', 'near', 'heading'],
    tokenize: (joined) => joined.split(' ').filter(Boolean),
    processTerm: (term) => term,
    searchOptions: { boost, bm25 },
  });
  index.addAll(
    passages.map(({ document }, id) => {
      const beside = [id - 1, id + 1].filter((other) => passages[other]?.document === document);
      return {
        id,
        text: joined(textTerms[id]),
        near: joined(beside.flatMap((other) => textTerms[other] as string[])),
        heading: joined(headingTerms[id]),
      };
    }),
  );
  const termsOf = passages.map((_, i) => new Set([...(textTerms[i] as string[]), ...(headingTerms[i] as string[])]));
  const counts = countsOf(termsOf.flatMap((own) => [...own]));
  const search = (question: string, count: number): Found[] =>
    index
      .search(joined(askedTerms(question, languages).searched))
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
    return rankWindows(found, askedTerms(question, languages).searched, wordsIn, withTerm, passages.length)
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
      const asked = askedTerms(question, languages).in(chosen[0]?.language ?? english);
      return coverageOf(asked, here, (term) => rarity(passages.length, withTerm(term)));
    },
  };
}

/** Nothing else separates terms. */
function joined(terms: readonly string[] | undefined): string {
  return (terms ?? []).join(' ');
}

function countsOf<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
