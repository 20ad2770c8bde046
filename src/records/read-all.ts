import { usageError } from '../errors.js';
import { decode } from './decode.js';
import { formatBytes } from './split-lines.js';
import type { ByteSource, ReadOptions } from './types.js';

/** V8 holds no longer string. */
const longestText = 512 * 1024 ** 2 - 32;

/** The whole text of a JSON source, which cannot be read piece by piece. */
export async function readAll(source: ByteSource, options: ReadOptions): Promise<string> {
  return (await readUpTo(source, options, longestText)) ?? fail(source.file);
}

/** The whole text of a source, or null when it has more than `maxBytes`, in which case the rest is not read. */
export async function readUpTo(source: ByteSource, options: ReadOptions, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of decode(source, options)) {
    length += chunk.length;
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fail(file: string): never {
  throw usageError(
    `"${file}" is longer than ${formatBytes(longestText)}`,
    'Convert it to JSON Lines, which is read line by line: jq -c ".[]"',
  );
}
