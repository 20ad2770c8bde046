import { decode } from './decode.js';
import { peek } from './peek.js';
import type { Beginning } from './recognise.js';
import type { ByteSource } from './types.js';

/** So much of a text shows what it is; of JSON, the first line does, unless it is longer than the second. */
const sampleBytes = 16 << 10;
const longLineBytes = 64 << 10;

/**
 * The beginning of a source as text, empty where it is none.
 * @returns `chunks`: all its bytes, for reading on
 */
export async function startOf(
  source: ByteSource,
  encoding: string | undefined,
): Promise<{ beginning: Beginning; chunks: AsyncIterable<Buffer> }> {
  const { head, chunks, ended } = await peek(buffers(source), isOpen);
  const parts: Buffer[] = [];
  const sample: ByteSource = {
    file: source.file,
    async *open() {
      if (head.length > 0) yield head;
    },
  };
  try {
    const options = { maxRecordBytes: head.length, onWarning: () => undefined };
    for await (const part of decode(sample, encoding === undefined ? options : { ...options, encoding }))
      parts.push(part);
  } catch {
    // The reader reports problems and cut-off texts.
  }
  return { beginning: { text: Buffer.concat(parts).toString('utf8'), isWhole: ended }, chunks };
}

function isOpen(head: Buffer): boolean {
  const start = head.toString('latin1').trimStart();
  const isJson = start.startsWith('{') || start.startsWith('[');
  if (/^\{[ \t]*"/u.test(start) && start.includes('\n')) return false;
  return head.length < (isJson ? longLineBytes : sampleBytes);
}

async function* buffers(source: ByteSource): AsyncIterable<Buffer> {
  for await (const chunk of source.open()) if (chunk.length > 0) yield Buffer.from(chunk);
}
