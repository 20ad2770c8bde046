import type { Row } from '../types.js';
import { readLines } from './lines.js';
import { tooLong } from './split-lines.js';
import type { Reader } from './types.js';

/**
 * CoNLL columns: a token a line, the token in the first column and its tag in the last, blank lines between
 * sentences. Tags are IOB1, IOB2 (BIO), BIOES or BILOU. A row is a sentence: its tokens joined by one space and
 * the entities with `[start, end)` in code points of that text. `-DOCSTART-` lines are skipped.
 */
export const conll: Reader = {
  name: 'conll',
  // CoNLL-2003 is distributed as eng.train, eng.testa and eng.testb.
  extensions: ['conll', 'conll2003', 'bio', 'iob', 'iob2', 'bioes', 'train', 'testa', 'testb'],
  labelled: true,
  takes: [],
  async *read(source, options) {
    let sentence: Sentence | null = null;
    for await (const { line, text, error } of readLines(source, options)) {
      if (text !== null && (text.trim() === '' || text.startsWith('-DOCSTART-'))) {
        if (sentence !== null) yield sentenceRow(sentence);
        sentence = null;
        continue;
      }
      sentence ??= { origin: { file: source.file, line }, tokens: [], tags: [], bytes: 0, error: null };
      if (text === null) sentence.error ??= error;
      else addToken(sentence, text, line, options.maxRecordBytes);
    }
    if (sentence !== null) yield sentenceRow(sentence);
  },
};

interface Sentence {
  readonly origin: Row['origin'];
  readonly tokens: string[];
  readonly tags: Tag[];
  bytes: number;
  error: string | null;
}

interface Tag {
  readonly prefix: string;
  /** Empty for `O`. */
  readonly label: string;
}

function addToken(sentence: Sentence, line: string, lineNumber: number, maxBytes: number): void {
  if (sentence.error !== null) return;
  // A token may contain a blank where tabs separate the columns.
  const columns = line.includes('\t') ? line.trim().split(/ *\t+ */) : line.trim().split(/ +/);
  const token = columns[0] ?? '';
  const written = columns[columns.length - 1] ?? '';
  const tag = parseTag(written);
  sentence.bytes += Buffer.byteLength(token) + 1;
  if (columns.length < 2) {
    sentence.error = `line ${lineNumber} has one column; expected a token and its tag`;
  } else if (tag === null) {
    sentence.error = `line ${lineNumber}: tag "${written}" is neither O nor like B-PER or I-PER`;
  } else if (sentence.bytes > maxBytes) {
    sentence.error = tooLong(`the sentence from line ${sentence.origin.line} on`, maxBytes);
  } else {
    sentence.tokens.push(token);
    sentence.tags.push(tag);
    return;
  }
  sentence.tokens.length = 0;
  sentence.tags.length = 0;
}

function parseTag(tag: string): Tag | null {
  if (tag === 'O') return { prefix: 'O', label: '' };
  const match = /^([BIESLU])-(.+)$/.exec(tag);
  return match === null ? null : { prefix: match[1] ?? '', label: match[2] ?? '' };
}

function sentenceRow({ origin, tokens, tags, error }: Sentence): Row {
  if (error !== null) return { fields: {}, origin, error };
  const text = tokens.join(' ');
  return { fields: { text, tokens, entities: entitiesOf(tokens, tags) }, origin };
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
