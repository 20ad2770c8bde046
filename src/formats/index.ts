import { suggestion, usageError } from '../errors.js';
import { csv } from './csv.js';
import { jsonl } from './jsonl.js';
import { pretty } from './pretty.js';
import { tsv } from './tsv.js';
import type { Writer } from './types.js';

/** Every output format by name. */
export const writers = { tsv, jsonl, csv, pretty } satisfies Record<string, Writer>;

/** The writer of that name; without a name, by the suffix of the output file; tsv when there is neither. */
export function writerFor(name: string | null, outputPath: string | null): Writer {
  const all: readonly Writer[] = Object.values(writers);
  const names = Object.keys(writers);
  if (name !== null) {
    const named = all.find((writer) => writer.name === name);
    if (named !== undefined) return named;
    throw usageError(`no output format "${name}".${suggestion(name, names)}`, `There are ${names.join(', ')}.`);
  }
  const suffix = /[^/\\]\.([^./\\]+)$/.exec(outputPath ?? '')?.[1]?.toLowerCase();
  if (suffix === undefined) return tsv;
  const bySuffix = all.find((writer) => writer.extensions.includes(suffix));
  if (bySuffix !== undefined) return bySuffix;
  const hint =
    suffix === 'json'
      ? 'One object a line is JSON Lines: name the file .jsonl.'
      : `Choose one: --format ${names.join('|')}`;
  throw usageError(`the suffix of "${outputPath}" is no output format`, hint);
}

export { plain } from './paint.js';
export type { FormatOptions, Paint, Writer } from './types.js';
