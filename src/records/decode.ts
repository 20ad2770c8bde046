import { usageError } from '../errors.js';
import { type Binary, binaryKind, mayBecomeBinary, noKnownText, notText } from './binary.js';
import { encodingOf, isEncodingOpen, namedEncoding } from './encoding.js';
import { gunzip, isGzip } from './gunzip.js';
import { peek } from './peek.js';
import type { ByteSource, Chunks, ReadOptions } from './types.js';
import { unixLines } from './unix-lines.js';
import { toUtf8 } from './utf8.js';

/**
 * The text of a source as chunks of valid UTF-8, with LF at the end of each line. The one place where bytes
 * become text: gzip is unpacked, other encodings are converted, a byte order mark is dropped, CRLF becomes LF (as CR
 * does in a file that has no LF), and what is not valid becomes U+FFFD with one warning a file. NUL stays.
 * @throws SlmError for a known binary format, and for what is no text in any encoding that can be told
 */
export async function* decode(source: ByteSource, options: ReadOptions): Chunks {
  const { file } = source;
  const { encoding: wanted = null, onWarning } = options;
  const opened = await peek(buffers(source.open()), (head) => isGzip(head) === 'maybe');
  const plain = isGzip(opened.head) === 'yes' ? gunzip(opened.chunks, file) : opened.chunks;
  const { head, chunks } = await peek(
    plain,
    (start) => binaryKind(start) === null && (mayBecomeBinary(start) || isEncodingOpen(start)),
  );
  const binary: Binary | null = binaryKind(head);
  if (binary !== null) throw notText(file, binary);
  const encoding = wanted === null ? encodingOf(head) : namedEncoding(wanted, head);
  if (encoding === null) throw noKnownText(file);
  if (encoding.guessed) {
    onWarning(
      `${file} has no byte order mark; it is read as ${encoding.name.toUpperCase()}. Name another with --encoding`,
    );
  }
  const hint = wanted === null ? '; if it is not UTF-8, name its encoding with --encoding' : '';
  const damaged = (line: number) => {
    if (options.refusesDamage === true)
      throw usageError(`${file}:${line}: not valid text here.`, 'Save the file as UTF-8.');
    onWarning(`${file}:${line}: not valid text here; unreadable bytes are replaced by U+FFFD${hint}`);
  };
  yield* unixLines(toUtf8(chunks, encoding, damaged));
}

async function* buffers(chunks: AsyncIterable<Uint8Array>): Chunks {
  for await (const chunk of chunks) {
    if (chunk.length > 0) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  }
}
