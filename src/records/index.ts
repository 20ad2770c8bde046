import { suggestion, usageError } from '../errors.js';
import { conll } from './conll.js';
import { csv } from './csv.js';
import { json } from './json.js';
import { jsonl } from './jsonl.js';
import { lines } from './lines.js';
import { squad } from './squad.js';
import { text } from './text.js';
import { tsv } from './tsv.js';
import type { Reader } from './types.js';

/** Every input format by name. */
export const readers = { text, lines, jsonl, json, csv, tsv, conll, squad } satisfies Record<string, Reader>;

/** The reader of that name; without a name, by the file's suffix (`.gz` aside), and plain text for any other. */
export function readerFor(name: string | null, file: string): Reader {
  const all: readonly Reader[] = Object.values(readers);
  if (name !== null) {
    const named = all.find((reader) => reader.name === name);
    if (named !== undefined) return named;
    const names = Object.keys(readers);
    throw usageError(`no input format "${name}".${suggestion(name, names)}`, `There are ${names.join(', ')}.`);
  }
  return readerBySuffix(file) ?? text;
}

/** The reader of a file's suffix (`.gz` aside); null where that says nothing. */
export function readerBySuffix(file: string): Reader | null {
  const all: readonly Reader[] = Object.values(readers);
  const suffix = /\.([^./\\]+)$/.exec(file.replace(/\.gz$/i, ''))?.[1]?.toLowerCase();
  return all.find((reader) => suffix !== undefined && reader.extensions.includes(suffix)) ?? null;
}

export { checkEncoding } from './encoding.js';
export { type Beginning, recognise } from './recognise.js';
export { checkReadable, fileSource, stdinSource } from './source.js';
export { startOf } from './start.js';
export type { ByteSource, Reader, ReadOptions } from './types.js';
