import { usageError } from '../errors.js';
import { decode } from './decode.js';
import { formatBytes } from './split-lines.js';
import type { ByteSource, Chunks, ReadOptions } from './types.js';

/** A JSON document of this size takes a gigabyte in memory. `--max-record-size` raises it, up to V8's longest string. */
const usualDocumentBytes = 64 * 1024 ** 2;
const longestText = 512 * 1024 ** 2 - 32;

/** The whole text of a JSON source that cannot be read piece by piece. */
export function readAll(source: ByteSource, options: ReadOptions): Promise<string> {
  return readWhole(decode(source, options), source.file, options);
}

/** The same of text that is decoded already. */
export async function readWhole(chunks: Chunks, file: string, options: ReadOptions): Promise<string> {
  const limit = Math.min(Math.max(options.maxRecordBytes, usualDocumentBytes), longestText);
  return (await upTo(chunks, limit)) ?? fail(file, limit);
}

/** The whole text of a source, or null when it has more than `maxBytes`, in which case the rest is not read. */
export function readUpTo(source: ByteSource, options: ReadOptions, maxBytes: number): Promise<string | null> {
  return upTo(decode(source, options), maxBytes);
}

async function upTo(all: Chunks, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of all) {
    length += chunk.length;
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fail(file: string, limit: number): never {
  throw usageError(
    `"${file}" is one JSON document of more than ${formatBytes(limit)}`,
    'Raise the limit with --max-record-size, or convert it to JSON Lines or an array, which are read piece by piece.',
  );
}
