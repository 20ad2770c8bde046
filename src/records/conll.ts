import type { Row } from '../types.js';
import {
  type Columns,
  columnsNamed,
  columnsOf,
  describeColumns,
  isAside,
  parseTag,
  type Tag,
  usualColumns,
} from './conll-columns.js';
import { readLines } from './lines.js';
import { tooLong } from './split-lines.js';
import type { Reader } from './types.js';

/**
 * CoNLL columns: a token a line, blank lines between sentences. The token is in the first column and its tag in the
 * last, unless the first one numbers the tokens (CoNLL-U) or the columns are named. Tags are IOB1, IOB2 (BIO), BIOES or
 * BILOU. A row is a sentence: its tokens joined by one space and the entities with `[start, end)` in code points of that
 * text. Comments (`# text = …`) and `-DOCSTART-` lines are skipped.
 */
export const conll: Reader = {
  name: 'conll',
  // CoNLL-2003 is distributed as eng.train, eng.testa and eng.testb.
  extensions: ['conll', 'conll2003', 'conllu', 'conllup', 'bio', 'iob', 'iob2', 'bioes', 'train', 'testa', 'testb'],
  labelled: true,
  takes: ['columns'],
  async *read(source, options) {
    const { file } = source;
    const limit = options.maxRecordBytes;
    let columns = options.columns === undefined ? null : columnsNamed(options.columns, file);
    let hasComments = false;
    /** Sentences before the first one that tells the columns. */
    const waiting: Sentence[] = [];
    let sentence: Sentence | null = null;

    const close = (isLast: boolean): Row[] => {
      if (sentence !== null) waiting.push(sentence);
      sentence = null;
      if (columns === null) {
        const decide = isLast || waiting.length >= mostWaiting;
        columns = waiting.map(({ lines }) => told(lines, decide)).find((each) => each !== null) ?? null;
        if (columns === null && !decide) return [];
        columns ??= usualColumns;
        if (columns.numbered) options.onWarning(`${file}: ${describeColumns(columns)}`);
      }
      const known = columns;
      return waiting.splice(0).flatMap((each) => sentenceRow(each, known) ?? []);
    };
    const told = (lines: Sentence['lines'], isLast: boolean) =>
      lines.length === 0
        ? null
        : columnsOf(
            lines.map(({ cells }) => cells),
            hasComments,
            isLast,
          );

    for await (const { line, text, error } of readLines(source, options)) {
      if (text !== null && (text.trim() === '' || text.startsWith('-DOCSTART-'))) {
        yield* close(false);
        continue;
      }
      const cells = text === null ? [] : cellsOf(text);
      if (text !== null && sentence === null && isComment(text, cells)) {
        hasComments = true;
        const names = /^#\s*global\.columns\s*=\s*(.+)$/u.exec(text)?.[1];
        if (names !== undefined) columns ??= columnsNamed(names.trim().split(/\s+/u), file);
        continue;
      }
      sentence ??= { origin: { file, line }, lines: [], bytes: 0, error: null };
      if (text === null) sentence.error ??= error;
      else addLine(sentence, { line, cells }, limit);
    }
    yield* close(true);
  },
};

/** Sentences that are kept for one that tells the columns: those before it have one word, which is a number. */
const mostWaiting = 1000;

interface Sentence {
  readonly origin: Row['origin'];
  readonly lines: { readonly line: number; readonly cells: readonly string[] }[];
  bytes: number;
  error: string | null;
}

function cellsOf(line: string): string[] {
  // A token may contain a blank where tabs separate the columns.
  return line.includes('\t') ? line.trim().split(/ *\t+ */) : line.trim().split(/ +/);
}

/** `# text = …`, or another remark before a sentence; a token `#` has its tag in the last column. */
function isComment(line: string, cells: readonly string[]): boolean {
  if (/^#\s*[\w.:-]+\s*=/u.test(line)) return true;
  return /^#(?:\s|$)/u.test(line) && parseTag(cells.at(-1) ?? '') === null;
}

function addLine(sentence: Sentence, { line, cells }: Sentence['lines'][number], maxBytes: number): void {
  if (sentence.error !== null) return;
  for (const cell of cells) sentence.bytes += Buffer.byteLength(cell) + 1;
  if (cells.length < 2) sentence.error = `line ${line} has one column; expected a token and its tag`;
  else if (sentence.bytes > maxBytes)
    sentence.error = tooLong(`the sentence from line ${sentence.origin.line} on`, maxBytes);
  else sentence.lines.push({ line, cells });
  if (sentence.error !== null) sentence.lines.length = 0;
}

/** Null for a sentence without words. */
function sentenceRow({ origin, lines, error }: Sentence, { word, tag, numbered }: Columns): Row | null {
  const bad = (problem: string): Row => ({ fields: {}, origin, error: problem });
  if (error !== null) return bad(error);
  const tokens: string[] = [];
  const tags: Tag[] = [];
  for (const { line, cells } of lines) {
    if (numbered && isAside(cells[0] ?? '')) continue;
    const token = cells[word];
    const written = tag === null ? 'O' : cells[tag === 'last' ? cells.length - 1 : tag];
    if (token === undefined || written === undefined)
      return bad(`line ${line} has ${cells.length} columns; expected ${Math.max(word, Number(tag)) + 1} at least`);
    const parsed = parseTag(written);
    if (parsed === null) return bad(`line ${line}: tag "${written}" is neither O nor like B-PER or I-PER`);
    tokens.push(token);
    tags.push(parsed);
  }
  if (tokens.length === 0) return null;
  const text = tokens.join(' ');
  return { fields: { text, tokens, ...(tag === null ? {} : { entities: entitiesOf(tokens, tags) }) }, origin };
}

interface TaggedEntity {
  text: string;
  readonly label: string;
  readonly start: number;
  end: number;
}

/**
 * The rules of IOB1, which read the other schemes as well: an entity goes on while the label stays the same,
 * unless B or S begins a new one or E or S (L or U) has ended it. So a stray I- begins an entity.
 */
function entitiesOf(tokens: readonly string[], tags: readonly Tag[]): TaggedEntity[] {
  const entities: TaggedEntity[] = [];
  let open: TaggedEntity | null = null;
  let start = 0;
  for (const [index, token] of tokens.entries()) {
    const { prefix, label } = tags[index] as Tag;
    const end = start + codePoints(token);
    if (open === null || label !== open.label || 'BSU'.includes(prefix)) {
      open = label === '' ? null : { text: token, label, start, end };
      if (open !== null) entities.push(open);
    } else {
      open.text += ` ${token}`;
      open.end = end;
    }
    if ('ELSU'.includes(prefix)) open = null;
    start = end + 1;
  }
  return entities;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
