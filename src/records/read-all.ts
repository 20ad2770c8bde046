import { usageError } from '../errors.js';
import { decode } from './decode.js';
import { formatBytes } from './split-lines.js';
import type { ByteSource, ReadOptions } from './types.js';

/** A JSON document of this size takes a gigabyte in memory. `--max-record-size` raises it, up to V8's longest string. */
const usualDocumentBytes = 64 * 1024 ** 2;
const longestText = 512 * 1024 ** 2 - 32;

/** The whole text of a JSON source that cannot be read piece by piece. */
export async function readAll(source: ByteSource, options: ReadOptions): Promise<string> {
  const limit = Math.min(Math.max(options.maxRecordBytes, usualDocumentBytes), longestText);
  return (await readUpTo(source, options, limit)) ?? fail(source.file, limit);
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

function fail(file: string, limit: number): never {
  throw usageError(
    `"${file}" is one JSON document of more than ${formatBytes(limit)}`,
    'Raise that with --max-record-size, or convert it to JSON Lines or an array, which are read piece by piece.',
  );
}
