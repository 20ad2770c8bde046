import { z } from 'zod';
import { suggestion } from '../errors.js';
import { pathOf } from './sources/file.js';
import { sourceOf, sources } from './sources/index.js';
import type { SourceEntry } from './types.js';

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
  .transform((digest) => digest.toLowerCase());

export const bytesSchema = z.number().int().positive();

const schemes = Object.keys(sources);
const address = z.union([z.string(), z.array(z.string()).min(1)]);
const mappingSchema = z.strictObject({
  ...Object.fromEntries(schemes.map((scheme) => [scheme, address.optional()])),
  sha256: sha256Schema.optional(),
  bytes: bytesSchema.optional(),
});

/** How an entry can be written; whatever is not a string or a mapping is refused by `sourceEntry`. */
export const sourceSchema = z.union([z.string(), mappingSchema], {
  error: `must be a source: ${schemes.map((scheme) => `${scheme}:…`).join(', ')}, or a mapping such as {hf: …, sha256: …}`,
});

/**
 * Reads one source: `scheme:address`, or a mapping of a scheme to one address or several parts, with the digest and
 * size of the file there if they differ from the manifest's. `base` is the folder of relative `file:` addresses.
 * Returns the problem as a string.
 */
export function sourceEntry(written: z.infer<typeof sourceSchema>, base: string): SourceEntry | string {
  if (typeof written === 'string') {
    const [scheme = '', ...rest] = written.split(':');
    return checked(scheme, [rest.join(':')], base, null, null);
  }
  const { sha256, bytes, ...addresses } = written as Record<string, unknown>;
  const given = Object.entries(addresses).filter(([, value]) => value !== undefined);
  const [first] = given;
  if (first === undefined || given.length > 1) return `a source has exactly one of ${schemes.join(', ')}`;
  const [scheme, value] = first;
  const list = (Array.isArray(value) ? value : [value]) as string[];
  return checked(
    scheme,
    // `{https: "https://…"}` is as clear as `{https: "//…"}`.
    list.map((text) => (text.startsWith(`${scheme}:`) ? text.slice(scheme.length + 1) : text)),
    base,
    (sha256 as string | undefined) ?? null,
    (bytes as number | undefined) ?? null,
  );
}

function checked(
  scheme: string,
  addresses: readonly string[],
  base: string,
  sha256: string | null,
  bytes: number | null,
): SourceEntry | string {
  const source = sourceOf(scheme);
  if (source === null)
    return `unknown kind of source "${scheme}".${suggestion(scheme, schemes)} Known: ${schemes.join(', ')}`;
  if (addresses.length > 1 && !source.parts) return `a ${scheme} source has one address, not ${addresses.length} parts`;
  for (const text of addresses) {
    const problem = source.problem(text);
    if (problem !== null) return `"${scheme}:${text}" ${problem}`;
  }
  const [first = ''] = addresses;
  const more = addresses.length > 1 ? ` (and ${addresses.length - 1} more)` : '';
  return {
    scheme,
    addresses: scheme === 'file' ? addresses.map((text) => pathOf(text, base)) : addresses,
    sha256,
    bytes,
    label: `${scheme}:${source.brief?.(first) ?? first}${more}`,
  };
}
