import { isShort, type Writer } from './grammar-writer.js';
import { oneOf } from './literals.js';
import { numberGrammar } from './numbers.js';
import type { Shape } from './shapes.js';
import { normalValues } from './sources/index.js';

export function writeNumber(writer: Writer, shape: Shape, integer: boolean): string | null {
  if (shape.source === 'normalize' && writer.text !== null) {
    const numbers = normalValues(shape, integer ? 'integer' : 'number', writer.text, writer.reader);
    return numbers.length === 0
      ? null
      : oneOf(
          numbers.map((number) => [JSON.stringify(number), '']),
          writer.rules,
          'number-in-text',
        );
  }
  const digits = shape.steps.map(decimalsOf);
  const known = digits.filter((count) => count !== null);
  if (known.length < digits.length) writer.unforced('multipleOf');
  if (shape.excluded.some((value) => typeof value === 'number')) writer.unforced('not');
  const whole = integer || shape.steps.some(Number.isInteger);
  const written = numberGrammar({
    ...shape.bounds,
    integer: whole,
    any: !writer.presume,
    // By draft 4, 12.0 is a number but no integer.
    digitsAlone: integer && writer.reader.document.draft.name === 'draft-04',
    ...(known.length === 0 ? {} : { fractionDigits: Math.min(...known) }),
  });
  if (written === null || isShort(written)) return written;
  return writer.rules.add(whole ? 'integer' : 'number', written);
}

/** Digits after the point of a power of ten, 1 or less; null for other steps. */
function decimalsOf(step: number): number | null {
  return /^(?:1|0\.0*1|1e-\d+)$/.test(String(step)) ? Math.round(-Math.log10(step)) : null;
}
