import type { LosslessNumber } from 'lossless-json';
import { jsonProblem } from './errors.js';
import { lazy } from './lazy.js';

const lossless = lazy<typeof import('lossless-json')>('lossless-json');

/** Deeper JSON is refused: writing it again would overflow the stack. */
export const deepestJson = 500;

/** Why a text is not JSON that can be worked with. `position` counts in UTF-16 units; null where it is not known. */
export class JsonProblem extends Error {
  readonly position: number | null;

  constructor(message: string, position: number | null, cause?: unknown) {
    super(message, { cause });
    this.position = position;
  }
}

/** Returns whether the JSON is valid, and only too deep to work with. */
export function isTooDeep(error: unknown): error is JsonProblem {
  return error instanceof JsonProblem && error.cause === undefined;
}

/** A number that JavaScript may write differently: many digits, exponents, −0, zeros at the end, many before the first digit. */
const inexact = /\d{16}|[\d.]{17}|\d[eE]|-0|\.\d*0(?!\d)|0\.000000/u;

/**
 * Parses JSON so that `stringifyJson` writes each number as it was written: what JavaScript would change, such as
 * `1234567890123456789`, `1e400`, `-0` and `1.50`, becomes a `LosslessNumber` of lossless-json, an object with the
 * digits as its `value`.
 * @throws JsonProblem
 */
export function parseJson(text: string): unknown {
  const depth = text.length > deepestJson ? depthOf(text) : 0;
  if (depth > deepestJson)
    throw new JsonProblem(`it is nested ${depth} levels deep; ${deepestJson} are the most`, null);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = jsonProblem(error);
    const position = /at position (\d+)/u.exec(message)?.[1];
    throw new JsonProblem(message, position === undefined ? null : Number(position), error);
  }
  // Most texts with such digits have them inside a string, where they are kept anyway.
  if (!inexact.test(text) || !inexact.test(outsideStrings(text))) return value;
  return lossless().parse(text, undefined, {
    parseNumber: writtenNumber,
    // As JSON.parse has it: the last one counts.
    onDuplicateKey: ({ newValue }) => newValue,
  });
}

/** JSON on one line, or indented, with every number as it was read. */
export function stringifyJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text?.includes('"isLosslessNumber":') ? (lossless().stringify(value, null, indent) as string) : text;
}

/** A value of a row as text: strings and numbers as they were written, all else as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? stringifyJson(value) : String(value);
}

/** A number whose digits are kept. */
export function isExactNumber(value: unknown): value is LosslessNumber {
  return (
    typeof value === 'object' && value !== null && (value as { isLosslessNumber?: unknown }).isLosslessNumber === true
  );
}

/** The value of an own key: the objects of data have no others, whatever a key is called (`constructor`, `toString`). */
export function own(values: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/** The number of these digits: JavaScript's own where it writes them so, else one that keeps them: `1.0`, `1e400`. */
export function writtenNumber(digits: string): number | LosslessNumber {
  return String(Number(digits)) === digits ? Number(digits) : new (lossless().LosslessNumber)(digits);
}

/** Returns whether JavaScript's own number is the one that the digits say: not so for 9007199254740993 and 1e400. */
export function isPlain(digits: string): boolean {
  const plain = Number(digits);
  return Number.isFinite(plain) && sameNumber(digits, String(plain));
}

/** Returns whether two numbers are equal in value, however they are written: `12`, `12.0` and `1.2e1` are. */
export function sameNumber(a: string, b: string): boolean {
  return a === b || numberKey(a) === numberKey(b);
}

/** Less than 0 where the first number is the smaller one, in all digits. */
export function compareNumbers(a: string, b: string): number {
  return lossless().compareNumber(a, b);
}

/** The same text for all ways to write a number. */
export function numberKey(digits: string): string {
  const { sign, digits: significant, exponent } = lossless().splitNumber(digits);
  return `${sign}${significant}e${exponent}`;
}

/** The value with JavaScript's own numbers throughout, for counting with them. */
export function withPlainNumbers(value: unknown): unknown {
  return mapExactNumbers(value, ({ value: digits }) => Number(digits));
}

/** The value with JavaScript's own numbers where they are what the digits say. */
export function withPlainEquals(value: unknown): unknown {
  return mapExactNumbers(value, (number) => (isPlain(number.value) ? Number(number.value) : number));
}

function mapExactNumbers(value: unknown, map: (number: LosslessNumber) => unknown): unknown {
  if (isExactNumber(value)) return map(value);
  if (Array.isArray(value)) return value.map((item) => mapExactNumbers(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapExactNumbers(inner, map)]));
}

/** How deep arrays and objects stand in each other, without parsing. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  const outside = outsideStrings(text);
  for (let at = 0; at < outside.length; at++) {
    const character = outside.charCodeAt(at);
    if (character === 0x5b || character === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x5d || character === 0x7d) depth--;
  }
  return deepest;
}

/** JSON without its strings and their quotes. Cut off where a string does not end. */
function outsideStrings(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let open = text.indexOf('"'); open !== -1; open = text.indexOf('"', from)) {
    parts.push(text.slice(from, open));
    let close = text.indexOf('"', open + 1);
    // A quote after an odd number of backslashes belongs to the string.
    while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
    if (close === -1) return parts.join('');
    from = close + 1;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}
