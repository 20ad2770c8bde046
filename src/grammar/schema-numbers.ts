import { isExactNumber, isPlain, withPlainEquals, withPlainNumbers } from '../json.js';
import { mapSchemasIn, schemasIn } from './drafts.js';
import { SchemaError } from './schema-error.js';
import { isObject, pointerTo, type SchemaObject } from './schema-node.js';

/** Keywords that hold the values of outputs themselves. */
const valueKeywords = ['const', 'enum'];

/**
 * A schema that `parseJson` or `parseYaml` has read, with JavaScript's own numbers: a bound such as `1.0` is its value,
 * not its digits. Values of `const` and `enum` that are other numbers then keep their digits, for `checkNumbers` to
 * refuse; so do bounds, in a mapping beside them.
 */
export function withSchemaNumbers(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withSchemaNumbers);
  if (!isObject(schema) || isExactNumber(schema)) return withPlainNumbers(schema);
  const copy = mapSchemasIn(schema, withSchemaNumbers);
  const inner = new Set([...schemasIn(schema)].map(([, [keyword]]) => keyword));
  for (const [keyword, value] of Object.entries(copy)) {
    if (inner.has(keyword)) continue;
    const plain = valueKeywords.includes(keyword) ? withPlainEquals(value) : withPlainNumbers(value);
    // As a data property: a keyword may be called "__proto__".
    Object.defineProperty(copy, keyword, { value: plain, enumerable: true, writable: true, configurable: true });
  }
  const bounds = longBounds(schema);
  return bounds.length === 0 ? copy : { ...copy, [boundDigits]: Object.fromEntries(bounds) };
}

/** The keyword for the digits of bounds that JavaScript's own numbers do not have, by their keywords. */
export const boundDigits = 'x-digits';

const boundKeywords = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;
export type BoundKeyword = (typeof boundKeywords)[number];

function longBounds(schema: SchemaObject): [BoundKeyword, string][] {
  return boundKeywords.flatMap((keyword) => {
    const bound = schema[keyword];
    return isExactNumber(bound) && !isPlain(bound.value) ? [[keyword, bound.value]] : [];
  });
}

/**
 * Refuses numbers among the values of a schema that would become other ones: the check of outputs computes with
 * JavaScript's numbers, so it could not tell 9007199254740993 from 9007199254740992.
 * @param pointer where the schema stands
 * @throws SchemaError
 */
export function checkNumbers(schema: SchemaObject, pointer: string): void {
  for (const keyword of valueKeywords) refuseExact(schema[keyword], pointerTo(pointer, keyword));
}

function refuseExact(value: unknown, pointer: string): void {
  if (isExactNumber(value) && !isPlain(value.value)) {
    const { value: digits } = value;
    const becomes = Number.isFinite(Number(digits)) ? `it would become ${Number(digits)}` : 'it is too large';
    throw new SchemaError(
      pointer,
      `${digits} has more digits than a number can keep; ${becomes}.`,
      `Write it as a text, with quotes: "${digits}".`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [step, inner] of Object.entries(value)) refuseExact(inner, pointerTo(pointer, step));
}
