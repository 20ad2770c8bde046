import { usageError } from '../errors.js';
import type { Chunks } from './types.js';

/** One element of the outermost array of a JSON document, or one member of its outermost object. */
export interface Element {
  /** Its JSON, `"key": value` for a member; null where it is longer than allowed. */
  readonly text: string | null;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly column: number;
}

const quote = 0x22;
const backslash = 0x5c;
const lf = 0x0a;
const isSpace = (byte: number) => byte === 0x20 || byte === lf || byte === 0x0d || byte === 0x09;
const opens = (byte: number) => byte === 0x5b || byte === 0x7b;
const closes = (byte: number) => byte === 0x5d || byte === 0x7d;

/**
 * The elements of a JSON array, or the members of an object, one after the other as they are read, so that memory
 * holds one of them at a time however many there are. Whether an element is valid is for whoever parses it.
 * @param chunks UTF-8 that begins, after white space, with `[` or `{`
 * @throws SlmError where the array or object does not end, or something follows it
 */
export async function* elements(chunks: Chunks, file: string, maxBytes: number): AsyncIterable<Element> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let begun: { line: number; column: number } | null = null;
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** The bracket that must close it; 0 before it has opened. */
  let close = 0;
  let afterComma = false;
  let line = 1;
  let lineStart = 0;
  let offset = 0;

  const finished = (): Element => {
    const text = bytes > maxBytes ? null : Buffer.concat(parts).toString('utf8').trimEnd();
    const element = { text, ...(begun ?? { line, column: 1 }) };
    parts = [];
    bytes = 0;
    begun = null;
    return element;
  };
  const keep = (part: Buffer) => {
    bytes += part.length;
    // Parts of an element that is too long anyway are not kept.
    if (bytes <= maxBytes) parts.push(part);
    else parts = [];
  };
  const place = (at: number) => ({ line, column: offset + at - lineStart + 1 });
  const wrong = (at: number, what: string) => {
    const { line: row, column } = place(at);
    return usageError(`${file}:${row}:${column}: not valid JSON: ${what}`, 'Check the file: jq . FILE');
  };

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === lf) {
        line++;
        lineStart = offset + at + 1;
      }
      if (escaped) escaped = false;
      else if (inString) {
        if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (isSpace(byte)) {
        if (begun === null) from = at + 1;
      } else if (depth === 0) {
        if (close !== 0) throw wrong(at, 'something follows its end');
        close = byte === 0x5b ? 0x5d : 0x7d;
        depth = 1;
        from = at + 1;
      } else if (depth === 1 && (byte === 0x2c || closes(byte))) {
        if (closes(byte) && byte !== close) throw wrong(at, `expected ${String.fromCharCode(close)}`);
        if (begun !== null) {
          keep(chunk.subarray(from, at));
          yield finished();
        } else if (byte === 0x2c || afterComma) throw wrong(at, 'a value is missing here');
        afterComma = byte === 0x2c;
        if (byte === close) depth = 0;
        from = at + 1;
      } else {
        if (begun === null) {
          begun = place(at);
          from = at;
        }
        if (byte === quote) inString = true;
        else if (opens(byte)) depth++;
        else if (closes(byte)) depth--;
      }
    }
    if (begun !== null && from < chunk.length) keep(chunk.subarray(from));
    offset += chunk.length;
  }
  if (depth > 0) throw wrong(0, `it ends before its ${String.fromCharCode(close)}`);
}
