import { isShort, type Writer } from './grammar-writer.js';
import { oneOf } from './literals.js';
import { isMultiple, multiplesIn } from './multiples.js';
import { numberGrammar } from './numbers.js';
import type { Shape } from './shapes.js';
import { normalValues } from './sources/index.js';

export function writeNumber(writer: Writer, shape: Shape, integer: boolean): string | null {
  if (shape.source === 'normalize' && writer.text !== null) {
    const numbers = normalValues(shape, integer ? 'integer' : 'number', writer.text, writer.reader);
    return numbers.length === 0 ? null : listOf(numbers, writer, 'number-in-text');
  }
  const listed = writer.presume ? listedMultiples(shape, integer) : null;
  if (listed !== null) return listed.length === 0 ? null : listOf(listed.map(String), writer, 'multiple');
  const digits = shape.steps.map(decimalsOf);
  const known = digits.filter((count) => count !== null);
  if (known.length < digits.length) writer.unforced('multipleOf');
  if (shape.excluded.some((value) => typeof value === 'number')) writer.unforced('not');
  const whole = integer || shape.steps.some(Number.isInteger);
  const written = numberGrammar({
    ...shape.bounds,
    integer: whole,
    any: !writer.presume,
    // In draft 4, 12.0 is a number but no integer.
    digitsAlone: integer && writer.reader.document.draft.name === 'draft-04',
    ...(known.length === 0 ? {} : { fractionDigits: Math.min(...known) }),
  });
  if (written === null || isShort(written)) return written;
  return writer.rules.add(whole ? 'integer' : 'number', written);
}

/** @param values numbers as JSON has them */
function listOf(values: readonly string[], { rules }: Writer, name: string): string {
  return oneOf(
    values.map((value) => [value, '']),
    rules,
    name,
  );
}

/** The largest number of multiples that is listed. */
const mostMultiples = 1000;

/** All numbers that a shape accepts, where a step that no power of ten is leaves few between the bounds. */
function listedMultiples({ bounds, steps, excluded }: Shape, integer: boolean): number[] | null {
  if (steps.every((step) => decimalsOf(step) !== null)) return null;
  const low = Math.max(bounds.minimum ?? -Infinity, bounds.exclusiveMinimum ?? -Infinity);
  const high = Math.min(bounds.maximum ?? Infinity, bounds.exclusiveMaximum ?? Infinity);
  const all = multiplesIn(low, high, Math.max(...steps), mostMultiples);
  const wanted = (value: number): boolean =>
    steps.every((step) => isMultiple(value, step)) &&
    value !== bounds.exclusiveMinimum &&
    value !== bounds.exclusiveMaximum &&
    (!integer || Number.isInteger(value)) &&
    !excluded.includes(value);
  return all === null ? null : all.filter(wanted);
}

/** Digits after the point of a power of ten, 1 or less; null for other steps. */
function decimalsOf(step: number): number | null {
  return /^(?:1|0\.0*1|1e-\d+)$/.test(String(step)) ? Math.round(-Math.log10(step)) : null;
}
