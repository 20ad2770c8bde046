import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { type Binary, binaryKind, mayBecomeBinary, notText } from './binary.js';
import { gunzip, isGzip } from './gunzip.js';
import type { ByteSource, ReadOptions } from './types.js';

/** Chunks of bytes, never empty. */
export type Chunks = AsyncIterable<Buffer>;

/**
 * The text of a source as chunks of valid UTF-8, with LF at the end of each line. The one place where bytes
 * become text: gzip is unpacked, UTF-16 with a byte order mark is converted, a UTF-8 mark is dropped, CRLF
 * becomes LF, and what is not valid becomes U+FFFD with one warning a file. A lone CR and NUL stay.
 * Throws a usage error for a known binary format.
 */
export async function* decode(source: ByteSource, options: ReadOptions): Chunks {
  const opened = await peek(buffers(source.open()), (head) => isGzip(head) === 'maybe');
  const plain = isGzip(opened.head) === 'yes' ? gunzip(opened.chunks, source.file) : opened.chunks;
  const { head, chunks } = await peek(plain, (start) => mayBecomeBinary(start) || mayBecomeMark(start));
  const binary: Binary | null = binaryKind(head);
  if (binary !== null) throw notText(source.file, binary);
  const damaged = (line: number) => {
    options.onWarning(`${source.file}:${line}: not valid text here; unreadable bytes are replaced by U+FFFD`);
  };
  yield* unixLines(toUtf8(chunks, head, damaged));
}

async function* buffers(chunks: AsyncIterable<Uint8Array>): Chunks {
  for await (const chunk of chunks) {
    if (chunk.length > 0) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  }
}

/** The first bytes, as few as decide the matter so that a slow pipe is not held up, and all the chunks with them. */
export async function peek(
  chunks: Chunks,
  undecided: (head: Buffer) => boolean,
): Promise<{ head: Buffer; chunks: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length === 0 || undecided(head)) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, chunks: continued(head, iterator) };
}

async function* continued(head: Buffer, iterator: AsyncIterator<Buffer>): Chunks {
  try {
    if (head.length > 0) yield head;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

const marks = [
  { bytes: Buffer.from([0xef, 0xbb, 0xbf]), encoding: 'utf8' },
  { bytes: Buffer.from([0xff, 0xfe]), encoding: 'utf16le' },
  { bytes: Buffer.from([0xfe, 0xff]), encoding: 'utf16be' },
] as const;

function mayBecomeMark(head: Buffer): boolean {
  return marks.some(({ bytes }) => head.length < bytes.length && bytes.indexOf(head) === 0);
}

async function* toUtf8(chunks: Chunks, head: Buffer, damaged: (line: number) => void): Chunks {
  const mark = marks.find(({ bytes }) => head.subarray(0, bytes.length).equals(bytes));
  const body = mark === undefined ? chunks : withoutFirst(chunks, mark.bytes.length);
  if (mark === undefined || mark.encoding === 'utf8') yield* validUtf8(body, damaged);
  else yield* fromUtf16(mark.encoding === 'utf16be' ? swapBytes(body) : body, damaged);
}

async function* withoutFirst(chunks: Chunks, count: number): Chunks {
  let left = count;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
    if (rest.length > 0) yield rest;
  }
}

/** Invalid sequences become U+FFFD. A sequence that is cut by the end of a chunk is carried to the next one. */
async function* validUtf8(chunks: Chunks, damaged: (line: number) => void): Chunks {
  let carry: Buffer = Buffer.alloc(0);
  let line = 1;
  let reported = false;
  const repaired = (bytes: Buffer): Buffer => {
    if (isUtf8(bytes)) {
      if (!reported) line += countLines(bytes);
      return bytes;
    }
    if (!reported) damaged(line + linesBeforeDamage(bytes));
    reported = true;
    return Buffer.from(bytes.toString('utf8'));
  };
  for await (const chunk of chunks) {
    const bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
    const whole = bytes.length - cutSequenceLength(bytes);
    carry = bytes.subarray(whole);
    if (whole > 0) yield repaired(bytes.subarray(0, whole));
  }
  if (carry.length > 0) yield repaired(carry);
}

/** How many bytes at the end begin a sequence that is longer than what is there; 0 to 3. */
function cutSequenceLength(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const expected = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return expected > length ? length : 0;
    }
  }
  return 0;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}

function linesBeforeDamage(bytes: Buffer): number {
  let count = 0;
  let start = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1 && isUtf8(bytes.subarray(start, at)); at = bytes.indexOf(0x0a, start)) {
    count++;
    start = at + 1;
  }
  return count;
}

async function* fromUtf16(chunks: Chunks, damaged: (line: number) => void): Chunks {
  const decoder = new StringDecoder('utf16le');
  let line = 1;
  let reported = false;
  let bytes = 0;
  const utf8 = (text: string): Buffer => {
    const lone = reported ? -1 : text.search(/\p{Surrogate}/u);
    const encoded = Buffer.from(text);
    if (lone !== -1) {
      damaged(line + countLines(Buffer.from(text.slice(0, lone))));
      reported = true;
    }
    line += countLines(encoded);
    return encoded;
  };
  for await (const chunk of chunks) {
    bytes += chunk.length;
    const text = decoder.write(chunk);
    if (text !== '') yield utf8(text);
  }
  // Half a code unit at the end is damage like any other.
  const rest = bytes % 2 === 0 ? decoder.end() : '\ud800';
  if (rest !== '') yield utf8(rest);
}

async function* swapBytes(chunks: Chunks): Chunks {
  let carry: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([carry, chunk]);
    const even = bytes.length - (bytes.length % 2);
    carry = bytes.subarray(even);
    if (even > 0) yield bytes.subarray(0, even).swap16();
  }
  if (carry.length > 0) yield carry;
}

const cr = 0x0d;
const lf = 0x0a;

/** CRLF becomes LF; a CR that ends a chunk waits for what follows. */
async function* unixLines(chunks: Chunks): Chunks {
  let waiting = false;
  for await (const chunk of chunks) {
    const bytes: Buffer = waiting ? Buffer.concat([Buffer.from([cr]), chunk]) : chunk;
    waiting = bytes[bytes.length - 1] === cr;
    const out = withoutCarriageReturns(waiting ? bytes.subarray(0, -1) : bytes);
    if (out.length > 0) yield out;
  }
  if (waiting) yield Buffer.from([cr]);
}

function withoutCarriageReturns(bytes: Buffer): Buffer {
  let at = bytes.indexOf(cr);
  if (at === -1) return bytes;
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let start = 0;
  for (; at !== -1; at = bytes.indexOf(cr, at + 1)) {
    if (bytes[at + 1] !== lf) continue;
    length += bytes.copy(out, length, start, at);
    start = at + 1;
  }
  length += bytes.copy(out, length, start);
  return out.subarray(0, length);
}
