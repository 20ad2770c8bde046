import { lazy } from '../lazy.js';
import { sentences } from '../segment.js';
import type { Span } from '../types.js';
import type { Document } from './types.js';

/** A sentence of a document. */
export interface Passage extends Span {
  readonly document: Document;
  readonly text: string;
  /** The headings above it, outermost first, as Markdown writes them. */
  readonly heading: string;
}

export interface Found {
  readonly passage: Passage;
  /** BM25 score; no upper bound. */
  readonly score: number;
}

export interface PassageIndex {
  readonly passages: readonly Passage[];
  /** The best `count` sentences, best first. */
  search(question: string, count: number): Found[];
  /** The best `count` groups of whole sentences of at most so many characters, best first; none where nothing is found. */
  windows(question: string, count: number, longest: number): Passage[][];
  /** Share of the question's content words, weighted by how rare they are, that stand in the given passages; 0 to 1. */
  coverage(question: string, passages: readonly Passage[]): number;
}

const MiniSearch = lazy<typeof import('minisearch').default>('minisearch');

/** How much a neighbouring sentence and the headings count beside the sentence itself. */
const boost = { text: 1, near: 0.35, heading: 0.5 };

/** Cuts documents into sentences and indexes them for BM25. */
export function indexPassages(documents: readonly Document[]): PassageIndex {
  const passages = documents.flatMap(passagesOf);
  const Index = MiniSearch();
  const index = new Index<{ id: number; text: string; near: string; heading: string }>({
    fields: ['text', 'near', 'heading'],
    tokenize: terms,
    processTerm: (term) => term,
    searchOptions: { boost, bm25: { k: 1.2, b: 0.4, d: 0.5 } },
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
  const rarity = inverseFrequency(termsOf);
  const idOf = new Map(passages.map((passage, id) => [passage, id]));
  const search = (question: string, count: number): Found[] =>
    index
      .search(contentTerms(question).join(' '), { tokenize: (text) => text.split(' ').filter(Boolean) })
      .slice(0, count)
      .map((hit) => ({ passage: passages[hit.id as number] as Passage, score: hit.score }));
  const cut = new Map<number, Map<Passage, Passage[]>>();
  const windowOf = (passage: Passage, longest: number): Passage[] => {
    let known = cut.get(longest);
    if (known === undefined) {
      known = new Map(windowsOf(passages, longest).flatMap((window) => window.map((each) => [each, window])));
      cut.set(longest, known);
    }
    return known.get(passage) as Passage[];
  };
  return {
    passages,
    search,
    windows(question, count, longest) {
      const scores = new Map<Passage[], number[]>();
      for (const { passage, score } of search(question, searchedSentences)) {
        const window = windowOf(passage, longest);
        scores.set(window, [...(scores.get(window) ?? []), score]);
      }
      // The best sentence decides; others say a little more, each less than the one before.
      const total = (all: readonly number[]) => all.reduce((sum, score, i) => sum + score * furtherSentences ** i, 0);
      return [...scores]
        .sort((a, b) => total(b[1]) - total(a[1]))
        .slice(0, count)
        .map(([window]) => window);
    },
    coverage(question, chosen) {
      const asked = [...new Set(contentTerms(question))];
      const here = new Set(chosen.flatMap((passage) => [...(termsOf[idOf.get(passage) as number] ?? [])]));
      const total = asked.reduce((sum, term) => sum + rarity(term), 0);
      const covered = asked.filter((term) => here.has(term)).reduce((sum, term) => sum + rarity(term), 0);
      return total === 0 ? 0 : covered / total;
    },
  };
}

/** Sentences that a choice of windows goes by. */
const searchedSentences = 40;
const furtherSentences = 0.4;

/** Consecutive sentences under one heading, as many as fit; a longer sentence is alone. */
function windowsOf(passages: readonly Passage[], longest: number): Passage[][] {
  const windows: Passage[][] = [];
  for (const passage of passages) {
    const open = windows.at(-1);
    const first = open?.[0];
    const fits =
      first !== undefined &&
      first.document === passage.document &&
      first.heading === passage.heading &&
      passage.end - first.start <= longest;
    if (fits) open?.push(passage);
    else windows.push([passage]);
  }
  return windows;
}

/** Words of a question that say what it is about. */
export function contentTerms(text: string): string[] {
  return terms(text).filter((term) => !questionWords.has(term));
}

/** Function words and question words carry no topic; stemmed like everything else. */
const questionWords = new Set(
  (
    'a an the of in on at to for from by with as is are was were be been am do does did have has had can could may might must ' +
    'shall should will would what which who whom whose when where why how that this these those it its i you he she we they my ' +
    'your his her our their there and or if not no any about into than then much many long'
  )
    .split(' ')
    .flatMap(terms),
);

function terms(text: string): string[] {
  const found: string[] = [];
  for (const match of text
    .toLowerCase()
    .normalize('NFKC')
    .matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    // Scripts without spaces: pairs of characters find what whole runs would miss.
    if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(match[0]))
      found.push(...pairs(match[0]));
    else found.push(stem(match[0]));
  }
  return found;
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}

/** Plurals and the commonest endings, so that "days" finds "day"; it need not be right, only the same on both sides. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  for (const ending of ['ings', 'ing', 'edly', 'ed', 'es', 's', 'ly']) {
    if (word.length > ending.length + 3 && word.endsWith(ending) && !word.endsWith('ss'))
      return word.slice(0, -ending.length).replace(/e$/u, '');
  }
  return word.length > 4 ? word.replace(/e$/u, '') : word;
}

function inverseFrequency(documents: readonly ReadonlySet<string>[]): (term: string) => number {
  const counts = new Map<string, number>();
  for (const document of documents) for (const term of document) counts.set(term, (counts.get(term) ?? 0) + 1);
  return (term) => Math.log(1 + documents.length / (1 + (counts.get(term) ?? 0)));
}

function passagesOf(document: Document): Passage[] {
  const found: Passage[] = [];
  const headings: string[] = [];
  for (const span of sentences(document.text)) {
    const text = document.text.slice(span.start, span.end);
    const heading = /^(#{1,6})\s+(.*)$/u.exec(text);
    if (heading !== null) {
      headings.length = Math.min(headings.length, (heading[1] as string).length - 1);
      headings.push(heading[2] as string);
      continue;
    }
    if (/[\p{L}\p{N}]/u.test(text)) found.push({ ...span, document, text, heading: headings.join(' › ') });
  }
  return found;
}
