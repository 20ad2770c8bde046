import { compareNumbers, isExactNumber, isPlain, sameNumber, withPlainNumbers } from '../../json.js';
import type { Span } from '../../types.js';
import { shapeMayAccept } from '../acceptance.js';
import type { SchemaDocument } from '../document.js';
import { isMultiple } from '../multiples.js';
import { isObject, pointerTo, type Schema } from '../schema-node.js';
import type { BoundKeyword } from '../schema-numbers.js';
import { expand, itemSchemas, propertySchemas, type Reader, type Shape } from '../shapes.js';
import { copiesIn } from './copy.js';
import { datesIn, numbersIn, type Said } from './normal-values.js';

/** Where a value of an output comes from. */
export interface Source extends Span {
  /** JSON pointer into the output. */
  readonly pointer: string;
}

/** Values that a text says and a shape accepts, once each, as JSON: numbers, and dates where the format is `date`. */
export function normalValues(
  shape: Shape,
  type: 'number' | 'integer' | 'string',
  text: string,
  reader: Reader,
): string[] {
  const values = [...new Set(said(shape, type, text).map(({ value }) => value))];
  if (type === 'string') {
    return values.filter((value) => shapeMayAccept(shape, value, reader)).map((value) => JSON.stringify(value));
  }
  return values.filter((digits) => mayAcceptNumber(shape, digits, reader));
}

function said(shape: Shape, type: string, text: string): Said[] {
  if (type === 'string') return shape.formats.includes('date') ? datesIn(text) : [];
  return numbersIn(text).filter(({ value }) => type === 'number' || !value.includes('.'));
}

/** Returns whether a number may be one of a shape: by JavaScript's numbers, as the check has it, and by long bounds. */
function mayAcceptNumber(shape: Shape, digits: string, reader: Reader): boolean {
  if (!shape.longBounds.every(([keyword, bound]) => isWithin[keyword](compareNumbers(digits, bound)))) return false;
  if (isPlain(digits)) return shapeMayAccept(shape, Number(digits), reader);
  // The values that a schema lists or excludes are all numbers that JavaScript has, so it is none of them.
  const others: Shape = { ...shape, excluded: [], steps: [] };
  return (
    shape.values === null &&
    shapeMayAccept(others, Number(digits), reader) &&
    shape.steps.every((step) => isMultiple(digits, step))
  );
}

/** Whether a number keeps to a bound, by the sign of its distance from it. */
const isWithin: Readonly<Record<BoundKeyword, (distance: number) => boolean>> = {
  minimum: (distance) => distance >= 0,
  maximum: (distance) => distance <= 0,
  exclusiveMinimum: (distance) => distance > 0,
  exclusiveMaximum: (distance) => distance < 0,
};

/** Returns whether anything in the schema is taken from the text. */
export function takesFromText(document: SchemaDocument): boolean {
  return JSON.stringify(document.root).includes('"x-source":');
}

/**
 * Where the values with `x-source` come from, in the order of the output. Where a value stands in the text more than
 * once, it is the place nearest to that of the value before it, and one that is not taken yet, where there is one.
 * @param value the output as `parseJson` reads it, with all digits of its numbers
 */
export function sourcesOf(document: SchemaDocument, value: unknown, text: string): Source[] {
  const reader: Reader = { document, onUnheld: () => undefined };
  const found: Source[] = [];
  const taken = new Set<number>();
  let last = 0;
  const place = (pointer: string, spans: readonly Span[]): void => {
    const rank = ({ start }: Span): number => Math.abs(start - last) + (taken.has(start) ? text.length : 0);
    const span = [...spans].sort((a, b) => rank(a) - rank(b))[0];
    if (span === undefined) return;
    last = span.end;
    taken.add(span.start);
    found.push({ pointer, start: span.start, end: span.end });
  };
  const visit = (schemas: readonly Schema[], inner: unknown, pointer: string, depth: number): void => {
    if (depth > 100) return;
    const shape = shapeFor(schemas, withPlainNumbers(inner), reader, 0);
    if (shape === null) return;
    if (shape.source !== null && (typeof inner === 'string' || isNumber(inner))) {
      const written = String(inner);
      const [type, equal] =
        typeof inner === 'string'
          ? (['string', ({ value: each }: Said) => each === written] as const)
          : (['number', ({ value: each }: Said) => sameNumber(each, written)] as const);
      const normal = shape.source === 'normalize' ? said(shape, type, text).filter(equal) : [];
      place(pointer, normal.length > 0 ? normal : copiesIn(text, written));
    }
    if (isExactNumber(inner)) return;
    if (Array.isArray(inner)) {
      for (const [i, item] of inner.entries()) visit(itemSchemas(shape, i), item, pointerTo(pointer, i), depth + 1);
    } else if (isObject(inner)) {
      for (const [name, each] of Object.entries(inner)) {
        visit(propertySchemas(shape, name), each, pointerTo(pointer, name), depth + 1);
      }
    }
  };
  visit([document.root], value, '', 0);
  return found;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || isExactNumber(value);
}

function shapeFor(schemas: readonly Schema[], value: unknown, reader: Reader, depth: number): Shape | null {
  if (depth > 20) return null;
  const { shapes, cases } = expand(schemas, reader);
  for (const inner of cases ?? []) {
    const found = shapeFor(inner, value, reader, depth + 1);
    if (found !== null) return found;
  }
  return shapes.find((shape) => shapeMayAccept(shape, value, reader)) ?? null;
}
