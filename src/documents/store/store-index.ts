import { onceEach } from '../../lazy.js';
import type { Document } from '../../types.js';
import { commonestFirst } from '../language-of.js';
import { english, type Language, languageWith } from '../languages.js';
import {
  everythingIn,
  type Found,
  type Passage,
  type PassageIndex,
  type ScoredWindow,
  windowsOf,
  wordsIn,
} from '../passages.js';
import { bm25Score, boost, coverageOf, rarity } from '../ranking.js';
import { askedTerms, terms } from '../terms.js';
import { byWindow, rankWindows, searchedSentences } from '../window-ranking.js';
import type { Database } from './database.js';
import type { KeptDocument } from './kept-documents.js';

/** Sentences that SQLite finds, of which the best are chosen. */
const candidates = 200;

interface Row {
  readonly id: number;
  readonly document: number;
  readonly language: Language;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly heading: string;
}

/** Finds sentences in a store, and ranks them as the index in memory does. */
export function indexInStore(database: Database, documents: ReadonlyMap<number, KeptDocument>): PassageIndex {
  const stats = createStatistics(database);
  const languages = languagesIn(database);
  const windowsIn = remembered(mostCut, (key: string) => {
    const [document, longest] = key.split(' ').map(Number) as [number, number];
    const { first, end } = documents.get(document) as KeptDocument;
    const rows = database
      .rows<[number, number | null, number, number]>(
        'SELECT id, heading, start, stop FROM passages WHERE id >= ? AND id < ? ORDER BY id',
        [first, end],
      )
      .map(([id, heading, start, stop]) => ({ id, heading, start, end: stop }));
    return Uint32Array.from(windowsOf(rows, longest), ([row]) => (row as { id: number }).id);
  });
  /** The same document for all passages of one answer. */
  const openOnce = () => {
    const opened = new Map<number, Document>();
    return (row: Row): Passage => {
      const kept = documents.get(row.document) as KeptDocument;
      const document = opened.get(row.document) ?? kept.open();
      opened.set(row.document, document);
      const { start, end, text, heading, language } = row;
      return { document, language, start, end, text, heading, place: kept.order * 2 ** 32 + start };
    };
  };

  const ranked = (question: string, count: number): { row: Row; score: number }[] => {
    const asked = askedTerms(question, languages).searched;
    const found = candidatesFor(database, asked);
    if (found.length === 0) return [];
    const near = new Set(found.flatMap((id) => [id - 1, id, id + 1]));
    const rows = rowsOf(database, [...new Set([...near].flatMap((id) => [id - 1, id, id + 1]))]);
    const score = scoring(stats, rows, asked);
    return [...near]
      .map((id) => rows.get(id))
      .filter((row) => row !== undefined && documents.has(row.document))
      .map((row) => ({ row: row as Row, score: score(row as Row) }))
      .filter((each) => each.score > 0)
      .sort((a, b) => b.score - a.score || a.row.id - b.row.id)
      .slice(0, count);
  };

  const scoredWindows = (question: string, count: number, longest: number): ScoredWindow[] => {
    const found = byWindow(ranked(question, searchedSentences), ({ row }) =>
      windowAt(windowsIn(`${row.document} ${longest}`), row.id, documents.get(row.document) as KeptDocument).join(' '),
    );
    const ranges = found.map(({ window }) => window.split(' ').map(Number) as [number, number]);
    const rows = rowsOf(
      database,
      ranges.flatMap(([first, end]) => range(first, end)),
    );
    const rowsIn = new Map(
      found.map(({ window }, i) => {
        const [first, end] = ranges[i] as [number, number];
        return [window, range(first, end).flatMap((id) => rows.get(id) ?? [])];
      }),
    );
    const passageOf = openOnce();
    const wordsOf = (window: string) => wordsIn(rowsIn.get(window) ?? []);
    return rankWindows(
      found,
      askedTerms(question, languages).searched,
      wordsOf,
      (term) => stats.of(term).anywhere,
      stats.passages,
    )
      .slice(0, count)
      .map(({ window, score }) => ({ passages: (rowsIn.get(window) ?? []).map(passageOf), score }));
  };

  return {
    search(question, count): Found[] {
      const passageOf = openOnce();
      return ranked(question, count).map(({ row, score }) => ({ passage: passageOf(row), score }));
    },
    scoredWindows,
    windows: (question, count, longest) =>
      scoredWindows(question, count, longest).map((window) => [...window.passages]),
    everything(longest, most) {
      const kept = [...documents.values()];
      // A passage has a character at least.
      if (kept.reduce((sum, { first, end }) => sum + end - first, 0) > most) return [];
      const passageOf = openOnce();
      const passages = kept.map(({ first, end }) => [...rowsOf(database, range(first, end)).values()].map(passageOf));
      return everythingIn(passages, longest, most);
    },
    coverage(question, chosen) {
      const here = new Set(
        chosen.flatMap(({ text, heading, language }) => [...terms(text, language), ...terms(heading, language)]),
      );
      const asked = askedTerms(question, languages).in(chosen[0]?.language ?? english);
      return coverageOf(asked, here, (term) => rarity(stats.passages, stats.of(term).anywhere));
    },
  };
}

/** Documents whose cuts are remembered. */
const mostCut = 500;
const mostTerms = 5000;

/** Numbers of the first passage of a window and of the one after its last. */
function windowAt(starts: Uint32Array, id: number, { end }: KeptDocument): [number, number] {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= id) low = middle;
    else high = middle;
  }
  return [starts[low] as number, starts[low + 1] ?? end];
}

function candidatesFor(database: Database, asked: readonly string[]): number[] {
  if (asked.length === 0) return [];
  const match = [...new Set(asked)].map((term) => `"${term}"`).join(' OR ');
  return database
    .rows<[number]>(
      `SELECT rowid FROM words WHERE words MATCH ? AND rank MATCH 'bm25(${boost.text}, ${boost.heading})' ORDER BY rank LIMIT ${candidates}`,
      [match],
    )
    .map(([id]) => id);
}

function rowsOf(database: Database, ids: readonly number[]): Map<number, Row> {
  const rows = database.rows<[number, number, string, number, number, Buffer, Buffer | null]>(
    `SELECT passages.id, passages.document, documents.language, start, stop, passages.text, headings.text
     FROM passages JOIN documents ON documents.id = passages.document
     LEFT JOIN headings ON headings.id = passages.heading
     WHERE passages.id IN (SELECT value FROM json_each(?)) ORDER BY passages.id`,
    [JSON.stringify(ids)],
  );
  return new Map(
    rows.map(([id, document, code, start, end, text, heading]) => [
      id,
      {
        id,
        document,
        language: languageWith(code),
        start,
        end,
        text: text.toString(),
        heading: heading?.toString() ?? '',
      },
    ]),
  );
}

/** Of all documents, the commonest first. */
function languagesIn(database: Database): Language[] {
  const counts = database.rows<[string, number]>(
    'SELECT language, sum(passages) FROM documents WHERE passages > 0 GROUP BY language',
  );
  return commonestFirst(new Map(counts.map(([code, passages]) => [languageWith(code), passages])));
}

interface Counts {
  readonly text: number;
  readonly near: number;
  readonly heading: number;
  readonly anywhere: number;
}

interface Statistics {
  readonly passages: number;
  /** Distinct words of a passage, on average. */
  readonly lengths: Omit<Counts, 'anywhere'>;
  /** Passages that have a word. */
  of(term: string): Counts;
}

function createStatistics(database: Database): Statistics {
  const [[documents, passages, text, near, heading]] = database.rows<[number, number, number, number, number]>(
    `SELECT count(*), total(passages), total(text_terms), total(near_terms), total(heading_terms)
     FROM documents WHERE passages > 0`,
  ) as [[number, number, number, number, number]];
  const mean = (sum: number) => sum / Math.max(1, passages);
  /** Neighbours of a passage: two, but for the first and last of a document. */
  const neighbours = mean(2 * (passages - documents));
  const of = remembered(mostTerms, (term: string): Counts => {
    const columns = new Map(
      database.rows<[string, number]>('SELECT col, doc FROM words_by_column WHERE term = ?', [term]),
    );
    const [[anywhere] = [0]] = database.rows<[number]>('SELECT doc FROM words_by_row WHERE term = ?', [term]);
    const own = columns.get('text') ?? 0;
    // An estimate: neighbours are not in the index, which would be three times as large.
    const beside = passages === 0 ? 0 : passages * (1 - (1 - own / passages) ** neighbours);
    return { text: own, near: beside, heading: columns.get('heading') ?? 0, anywhere };
  });
  return { passages, lengths: { text: mean(text), near: mean(near), heading: mean(heading) }, of };
}

/** The formula of the index in memory. */
function scoring(stats: Statistics, rows: ReadonlyMap<number, Row>, asked: readonly string[]): (row: Row) => number {
  const wanted = new Set(asked);
  const wordsOf = onceEach((row: Row) => terms(row.text, row.language));
  const fieldOf = (words: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const word of words) if (wanted.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return { counts, length: new Set(words).size };
  };
  const beside = (row: Row, id: number) => {
    const other = rows.get(id);
    return other?.document === row.document ? wordsOf(other) : [];
  };
  return (row) => {
    const fields = {
      text: fieldOf(wordsOf(row)),
      near: fieldOf([...beside(row, row.id - 1), ...beside(row, row.id + 1)]),
      heading: fieldOf(terms(row.heading, row.language)),
    };
    let score = 0;
    const matched = new Set<string>();
    for (const term of asked) {
      for (const name of ['text', 'near', 'heading'] as const) {
        const count = fields[name].counts.get(term);
        if (count === undefined) continue;
        matched.add(term);
        const withTerm = stats.of(term)[name];
        score += boost[name] * bm25Score(count, withTerm, stats.passages, fields[name].length, stats.lengths[name]);
      }
    }
    return score * matched.size;
  };
}

/** A function that remembers what it gave for the `most` latest keys. */
function remembered<T>(most: number, compute: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.delete(key);
    known.set(key, value);
    if (known.size > most) known.delete(known.keys().next().value as string);
    return value;
  };
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}
