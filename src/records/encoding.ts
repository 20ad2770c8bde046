import { isUtf8 } from 'node:buffer';
import { usageError } from '../errors.js';
import type { Encoding } from './types.js';
import { cutSequenceLength, iconv } from './utf8.js';

const marks = [
  { bytes: [0xef, 0xbb, 0xbf], name: 'utf-8' },
  // Before UTF-16, whose mark is the beginning of it. No UTF-16 text begins with NUL.
  { bytes: [0xff, 0xfe, 0, 0], name: 'utf-32le' },
  { bytes: [0, 0, 0xfe, 0xff], name: 'utf-32be' },
  { bytes: [0xff, 0xfe], name: 'utf-16le' },
  { bytes: [0xfe, 0xff], name: 'utf-16be' },
].map(({ bytes, name }) => ({ bytes: Buffer.from(bytes), name }));

/** As much as is looked at where the first line is not plain UTF-8. */
const sampleBytes = 4096;

/** Returns whether more bytes are needed to tell the encoding. The first line suffices where it is plain UTF-8. */
export function isEncodingOpen(head: Buffer): boolean {
  if (marks.some(({ bytes }) => head.length < bytes.length && bytes.indexOf(head) === 0)) return true;
  if (head.length >= sampleBytes || markOf(head) !== undefined) return false;
  const line = firstLine(head);
  return line === null || !isPlain(line);
}

/**
 * The encoding of a file that begins with these bytes: by its mark, else UTF-8, unless that cannot be and another one is
 * certain. Null where they are no text.
 * @param head as many bytes as `isEncodingOpen` asks for
 */
export function encodingOf(head: Buffer): Encoding | null {
  const mark = markOf(head);
  if (mark !== undefined) return { name: mark.name, markBytes: mark.bytes.length, guessed: false };
  const utf8 = { name: 'utf-8', markBytes: 0, guessed: false };
  const line = firstLine(head);
  if (line !== null && isPlain(line)) return utf8;
  const sample = head.subarray(0, sampleBytes);
  const controls = sample.filter(isControl).length;
  if (isUtf8(withoutCut(sample)) && controls <= sample.length / 10) return utf8;
  const certain = wideEncoding(sample);
  if (certain !== null) return { name: certain, markBytes: 0, guessed: true };
  // Such as Windows-1252: text, though nothing tells which.
  return sample.includes(0) || controls > sample.length / 10 ? null : utf8;
}

/**
 * The encoding that a user has named.
 * @throws SlmError when there is none of that name
 */
export function namedEncoding(name: string, head: Buffer): Encoding {
  checkEncoding(name);
  const plain = name.toLowerCase().replace(/[^a-z0-9]/gu, '');
  const mark = markOf(head);
  if (mark?.name.replace('-', '').startsWith(plain) === true)
    return { name: mark.name, markBytes: mark.bytes.length, guessed: false };
  return { name: plain === 'utf8' ? 'utf-8' : name, markBytes: 0, guessed: false };
}

/** @throws SlmError when there is no encoding of that name */
export function checkEncoding(name: string): void {
  if (/^utf-?8$/iu.test(name)) return;
  // The library has these for programs; they are no encodings of text.
  const isText = !/^(?:hex|base64)$/iu.test(name);
  if (isText && iconv().encodingExists(name)) return;
  throw usageError(
    `no encoding "${name}"`,
    'Usual ones are utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15, macintosh, shift_jis, gb18030, big5 and koi8-r.',
  );
}

function markOf(head: Buffer) {
  return marks.find(({ bytes }) => head.subarray(0, bytes.length).equals(bytes));
}

/** The first line that is not blank, from the beginning to its LF; null where the sample does not hold its end. */
function firstLine(head: Buffer): Buffer | null {
  const begin = head.findIndex((byte) => byte !== 0x0a && byte !== 0x0d);
  const end = begin === -1 ? -1 : head.indexOf(0x0a, begin);
  return end === -1 || end >= sampleBytes ? null : head.subarray(0, end + 1);
}

function isPlain(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.some(isControl);
}

/** A control character that text does not have: no white space, backspace, bell or escape. */
function isControl(byte: number): boolean {
  return byte < 0x07 || (byte > 0x0d && byte < 0x1b) || (byte > 0x1b && byte < 0x20);
}

function withoutCut(sample: Buffer): Buffer {
  return sample.subarray(0, sample.length - cutSequenceLength(sample));
}

/**
 * The one encoding of two or four bytes a character in which the sample is text with ASCII characters in it, such as
 * blanks and line ends; null where none is, or where two are.
 */
function wideEncoding(sample: Buffer): string | null {
  const found = (['utf-32le', 'utf-32be', 'utf-16le', 'utf-16be'] as const)
    .map((name) => {
      const whole = sample.subarray(0, sample.length - (sample.length % (name.startsWith('utf-32') ? 4 : 2)));
      return { name, ascii: asciiShare(iconv().decode(whole, name, { stripBOM: false })) };
    })
    .filter(({ ascii }) => ascii > 0.01)
    .sort((a, b) => b.ascii - a.ascii);
  const [best, second] = found;
  return best === undefined || (second !== undefined && second.ascii * 2 > best.ascii) ? null : best.name;
}

/** The share of ASCII characters; 0 where there are others that no text has. */
function asciiShare(text: string): number {
  const whole = text.replace(/[\ud800-\udbff]$/u, '');
  if (/[\p{Cn}\p{Co}\p{Cs}\ufffd]/u.test(whole)) return 0;
  let ascii = 0;
  let all = 0;
  for (const character of whole) {
    const code = character.codePointAt(0) as number;
    if (isControl(code)) return 0;
    if (code < 0x7f) ascii++;
    all++;
  }
  return all < 2 ? 0 : ascii / all;
}
