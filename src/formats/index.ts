import { suggestion, usageError } from '../errors.js';
import { csv } from './csv.js';
import { jsonl } from './jsonl.js';
import { tsv } from './tsv.js';
import type { Writer } from './types.js';

/** Every output format by name. `pretty` is loaded on demand, since its packages take as long to load as all the rest. */
export const writers = {
  tsv: async () => tsv,
  jsonl: async () => jsonl,
  csv: async () => csv,
  pretty: async () => (await import('./pretty.js')).pretty,
} satisfies Record<string, () => Promise<Writer>>;

const bySuffix: readonly Writer[] = [tsv, jsonl, csv];

/** The writer of that name; without a name, by the suffix of the output file; tsv when there is neither. */
export async function writerFor(name: string | null, outputPath: string | null): Promise<Writer> {
  const names = Object.keys(writers);
  if (name !== null) {
    const named = names.find((known) => known === name) as keyof typeof writers | undefined;
    if (named !== undefined) return writers[named]();
    throw usageError(`no output format "${name}".${suggestion(name, names)}`, `There are ${names.join(', ')}.`);
  }
  const suffix = /[^/\\]\.([^./\\]+)$/.exec(outputPath ?? '')?.[1]?.toLowerCase();
  if (suffix === undefined) return tsv;
  const found = bySuffix.find((writer) => writer.extensions.includes(suffix));
  if (found !== undefined) return found;
  const hint =
    suffix === 'json'
      ? 'One object a line is JSON Lines: name the file .jsonl.'
      : `Choose one: --format ${names.join('|')}`;
  throw usageError(`the suffix of "${outputPath}" is no output format`, hint);
}

export { plain } from './paint.js';
export type { FormatOptions, Paint, Writer } from './types.js';
