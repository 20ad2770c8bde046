import type { Span } from '../../types.js';
import { shapeMayAccept } from '../acceptance.js';
import type { SchemaDocument } from '../document.js';
import { isObject, pointerTo, type Schema } from '../schema-node.js';
import { expand, itemSchemas, propertySchemas, type Reader, type Shape } from '../shapes.js';
import { copiesIn } from './copy.js';
import { datesIn, numbersIn, type Said } from './normal-values.js';

/** Where a value of an output comes from. */
export interface Source extends Span {
  /** JSON pointer into the output. */
  readonly pointer: string;
}

/** Values that a text says and a shape accepts, once each: numbers, and dates where the format is `date`. */
export function normalValues(
  shape: Shape,
  type: 'number' | 'integer' | 'string',
  text: string,
  reader: Reader,
): unknown[] {
  return [...new Set(said(shape, type, text).map(({ value }) => value))].filter((value) =>
    shapeMayAccept(shape, value, reader),
  );
}

function said(shape: Shape, type: string, text: string): Said<unknown>[] {
  if (type === 'string') return shape.formats.includes('date') ? datesIn(text) : [];
  return numbersIn(text).filter(({ value }) => type === 'number' || Number.isInteger(value));
}

/** Returns whether anything in the schema is taken from the text. */
export function takesFromText(document: SchemaDocument): boolean {
  return JSON.stringify(document.root).includes('"x-source":');
}

/**
 * Where the values with `x-source` come from, in the order of the output. Where a value stands in the text more than
 * once, it is the place nearest to that of the value before it, and one that is not taken yet, where there is one.
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
    const shape = shapeFor(schemas, inner, reader, 0);
    if (shape === null) return;
    if (shape.source !== null && (typeof inner === 'string' || typeof inner === 'number')) {
      const type = typeof inner === 'string' ? 'string' : 'number';
      const normal = shape.source === 'normalize' ? said(shape, type, text).filter((each) => each.value === inner) : [];
      place(pointer, normal.length > 0 ? normal : copiesIn(text, String(inner)));
    }
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

function shapeFor(schemas: readonly Schema[], value: unknown, reader: Reader, depth: number): Shape | null {
  if (depth > 20) return null;
  const { shapes, cases } = expand(schemas, reader);
  for (const inner of cases ?? []) {
    const found = shapeFor(inner, value, reader, depth + 1);
    if (found !== null) return found;
  }
  return shapes.find((shape) => shapeMayAccept(shape, value, reader)) ?? null;
}
