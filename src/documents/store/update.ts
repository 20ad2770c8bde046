import { createHash } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { extractText, UnreadableDocument } from '../extract.js';
import { languageOfDocument } from '../language-of.js';
import { cutPassages } from '../passages.js';
import { bytesOfFile } from '../read.js';
import { terms } from '../terms.js';
import type { ExtractedText, OnWarning } from '../types.js';
import type { Database } from './database.js';

/** Differences between a store and the files that it is about. */
export interface Differences {
  /** To be read: touched, or written so shortly before they were read that their stamps say nothing. */
  readonly stale: readonly string[];
  /** How many are absent from the store, or have another stamp. */
  readonly touched: number;
  /** Numbers of documents whose files are gone. */
  readonly gone: readonly number[];
}

export interface UpdateEvents {
  /** Time of day, ms. */
  readonly date: () => number;
  readonly onProgress: (done: number, total: number) => void;
  readonly onWarning: OnWarning;
  /** Called after every few thousand sentences of a file. */
  readonly onSentences?: () => void;
}

/** Files to look at again. Nothing is read but their stamps. */
export function differences(database: Database, files: readonly string[]): Differences {
  const known = new Map(
    database
      .rows<[number, string, string, number]>('SELECT id, path, stamp, settled FROM documents')
      .map(([id, path, stamp, settled]) => [path, { id, stamp, settled }]),
  );
  const stale: string[] = [];
  let touched = 0;
  for (const file of new Set(files)) {
    const own = known.get(file);
    const isSame = own?.stamp === stampOf(file);
    if (!isSame) touched++;
    if (!isSame || own?.settled !== 1) stale.push(file);
    known.delete(file);
  }
  return { stale, touched, gone: [...known.values()].map(({ id }) => id) };
}

/** Whether a store has the contents of these files, whatever their stamps say: reads all of them. */
export async function hasContentsOf(database: Database, files: readonly string[]): Promise<boolean> {
  const known = new Map(database.rows<[string, string]>('SELECT path, digest FROM documents'));
  for (const file of files) if (known.get(file) !== (await digestOf(file))) return false;
  return true;
}

/** As a store has it: empty for a file that cannot be opened. */
async function digestOf(file: string): Promise<string> {
  try {
    return digestOfBytes(await bytesOfFile(file));
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    return '';
  }
}

function digestOfBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes of texts in one transaction: what a killed process had done by then is kept. */
const bytesTogether = 8 << 20;

/**
 * Reads what has changed, and forgets what is gone. Keeps its thread busy for seconds and more where a file is large. It
 * may be killed at any moment: the next update goes on from the last transaction.
 */
export async function updateStore(
  database: Database,
  { stale, gone }: Differences,
  { date, onProgress, onWarning, onSentences = () => undefined }: UpdateEvents,
): Promise<void> {
  for (const id of gone) database.transaction(() => forget(database, id));
  let waiting: ReadFile[] = [];
  let bytes = 0;
  const write = () => {
    database.transaction(() => {
      for (const file of waiting) put(database, file, onSentences);
    });
    waiting = [];
    bytes = 0;
  };
  for (const [index, file] of stale.entries()) {
    onProgress(index, stale.length);
    const read = await readFile(file, database, date, onWarning);
    if (read === null) continue;
    waiting.push(read);
    bytes += 'text' in read.content ? read.content.text.length : 0;
    if (bytes >= bytesTogether || waiting.length >= 500) write();
  }
  write();
  if (stale.length > 100) database.run("INSERT INTO words(words) VALUES ('optimize')");
  database.gather();
}

interface ReadFile {
  readonly path: string;
  readonly stamp: string;
  /** Whether a later write would change the stamp. */
  readonly settled: boolean;
  readonly bytes: number;
  readonly digest: string;
  readonly content: ExtractedText | { readonly reason: string };
}

/** Null where only the stamp of the file has changed. */
async function readFile(
  path: string,
  database: Database,
  date: () => number,
  onWarning: OnWarning,
): Promise<ReadFile | null> {
  const stats = statsOf(path);
  const settled = stats !== null && Number(stats.ctimeMs) < date() - settledMs;
  const stamp = stats === null ? '' : stampFrom(stats);
  let read: { bytes: Buffer } | { reason: string };
  try {
    read = { bytes: await bytesOfFile(path) };
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    return { path, stamp, settled: false, bytes: 0, digest: '', content: { reason: error.message } };
  }
  const digest = digestOfBytes(read.bytes);
  const file = { path, stamp, settled, bytes: read.bytes.length, digest };
  const [known] = database.rows<[number, string]>('SELECT id, digest FROM documents WHERE path = ?', [path]);
  if (known?.[1] === digest) {
    database.run('UPDATE documents SET stamp = ?, settled = ? WHERE id = ?', [stamp, Number(settled), known[0]]);
    return null;
  }
  try {
    const extracted = await extractText({ name: path, bytes: read.bytes }, onWarning);
    return { ...file, content: extracted.text.trim() === '' ? { reason: 'it is empty' } : extracted };
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    return { ...file, content: { reason: error.message } };
  }
}

/** A file that was written a moment ago can be written again without another stamp: clocks of file systems are coarse. */
const settledMs = 2000;

/** Empty where there is no such file, or none that may be looked at. */
function stampOf(file: string): string {
  const stats = statsOf(file);
  return stats === null ? '' : stampFrom(stats);
}

function statsOf(file: string): BigIntStats | null {
  try {
    return statSync(file, { bigint: true });
  } catch {
    return null; // Why, is said when it is read.
  }
}

function stampFrom({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function forget(database: Database, id: number): void {
  const range =
    'BETWEEN (SELECT first FROM documents WHERE id = ?) AND (SELECT first + passages - 1 FROM documents WHERE id = ?)';
  database.run(`DELETE FROM words WHERE rowid ${range}`, [id, id]);
  database.run(`DELETE FROM passages WHERE id ${range}`, [id, id]);
  database.run('DELETE FROM headings WHERE document = ?', [id]);
  database.run('DELETE FROM documents WHERE id = ?', [id]);
}

function put(
  database: Database,
  { path, stamp, settled, bytes, digest, content }: ReadFile,
  onSentences: () => void,
): void {
  const [known] = database.rows<[number]>('SELECT id FROM documents WHERE path = ?', [path]);
  if (known !== undefined) forget(database, known[0]);
  const text = 'text' in content ? content.text : '';
  const passages = 'text' in content ? cutPassages(text) : [];
  const language = languageOfDocument(text);
  const next = (table: string) =>
    (database.rows<[number]>(`SELECT ifnull(max(id), 0) + 1 FROM ${table}`) as [[number]])[0][0];
  const id = next('documents');
  const first = next('passages');
  const headings = new Map<string, number>();
  const headingTerms = new Map<string, string[]>();
  let nextHeading = next('headings');
  for (const { heading } of passages) {
    if (heading === '' || headings.has(heading)) continue;
    database.run('INSERT INTO headings VALUES (?, ?, ?)', [nextHeading, id, Buffer.from(heading)]);
    headings.set(heading, nextHeading++);
    headingTerms.set(heading, terms(heading, language));
  }
  const own = passages.map((passage) => terms(passage.text, language));
  const lengths = { text: 0, near: 0, heading: 0 };
  for (const [i, passage] of passages.entries()) {
    if (i % 2000 === 0) onSentences();
    const above = headingTerms.get(passage.heading) ?? [];
    const gap = text.slice(passage.end, passages[i + 1]?.start ?? text.length);
    database.run('INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)', [
      first + i,
      id,
      headings.get(passage.heading) ?? null,
      passage.start,
      passage.end,
      Buffer.from(passage.text),
      gap === '' ? null : Buffer.from(gap),
    ]);
    const words = own[i] as string[];
    database.run('INSERT INTO words (rowid, text, heading) VALUES (?, ?, ?)', [
      first + i,
      words.join(' '),
      above.join(' '),
    ]);
    lengths.text += new Set(words).size;
    lengths.near += new Set([...(own[i - 1] ?? []), ...(own[i + 1] ?? [])]).size;
    lengths.heading += new Set(above).size;
  }
  database.run('INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [
    id,
    path,
    stamp,
    Number(settled),
    bytes,
    digest,
    'reason' in content ? content.reason : null,
    createHash('sha256').update(text).digest('hex'),
    'pages' in content && content.pages !== undefined ? JSON.stringify(content.pages) : null,
    Buffer.from(text.slice(0, passages[0]?.start ?? text.length)),
    first,
    passages.length,
    lengths.text,
    lengths.near,
    lengths.heading,
    language.code,
  ]);
}
