import { isUtf8 } from 'node:buffer';
import { lazy } from '../lazy.js';
import type { Encoding } from './types.js';

export const iconv = lazy<typeof import('iconv-lite')>('iconv-lite');

/** Called with the number of the first line in which bytes are not text. */
export type OnDamage = (line: number) => void;

/** Text in an encoding as valid UTF-8. What is not valid becomes U+FFFD. */
export function toUtf8(
  chunks: AsyncIterable<Buffer>,
  { name, markBytes }: Encoding,
  damaged: OnDamage,
): AsyncIterable<Buffer> {
  const body = markBytes === 0 ? chunks : withoutFirst(chunks, markBytes);
  return name === 'utf-8' ? validUtf8(body, damaged) : converted(body, name, damaged);
}

async function* withoutFirst(chunks: AsyncIterable<Buffer>, count: number): AsyncIterable<Buffer> {
  let left = count;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
    if (rest.length > 0) yield rest;
  }
}

/** A sequence that is cut by the end of a chunk is carried to the next one. */
async function* validUtf8(chunks: AsyncIterable<Buffer>, damaged: OnDamage): AsyncIterable<Buffer> {
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

/** The number of bytes, 0 to 3, of an incomplete sequence at the end. */
export function cutSequenceLength(bytes: Buffer): number {
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

/** Half a character at the end of a chunk waits for the next one; at the end of the file it is damage like any other. */
async function* converted(chunks: AsyncIterable<Buffer>, name: string, damaged: OnDamage): AsyncIterable<Buffer> {
  const decoder = iconv().getDecoder(name);
  const unitBytes = /^(?:utf-?16|ucs-?2)/iu.test(name) ? 2 : /^(?:utf-?32|ucs-?4)/iu.test(name) ? 4 : 1;
  // The library gives U+FFFD for what is not valid, except for halves of pairs, which it hands on. UTF-16 has no others.
  const damage = unitBytes === 2 ? /\p{Surrogate}/u : /[\p{Surrogate}\ufffd]/u;
  let line = 1;
  let reported = false;
  let bytes = 0;
  let carry = '';
  const utf8 = (text: string): Buffer => {
    const first = reported ? -1 : text.search(damage);
    const encoded = Buffer.from(text);
    if (first !== -1) {
      damaged(line + countLines(Buffer.from(text.slice(0, first))));
      reported = true;
    }
    line += countLines(encoded);
    return encoded;
  };
  for await (const chunk of chunks) {
    bytes += chunk.length;
    const text = carry + decoder.write(chunk);
    carry = /[\ud800-\udbff]$/u.exec(text)?.[0] ?? '';
    const whole = carry === '' ? text : text.slice(0, -1);
    if (whole !== '') yield utf8(whole);
  }
  const rest = carry + (decoder.end() ?? '') + (bytes % unitBytes === 0 ? '' : '\ud800');
  if (rest !== '') yield utf8(rest);
}
