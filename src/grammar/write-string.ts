import { formats, looseFormats } from './formats.js';
import { repeat, sequence } from './gbnf-writer.js';
import type { Place, Writer } from './grammar-writer.js';
import { oneOf } from './literals.js';
import { languageGrammar, patternGrammar } from './pattern.js';
import { both, matching, ofLength, without, words } from './regular.js';
import type { Shape } from './shapes.js';
import { copyGrammar } from './sources/copy.js';
import { normalValues } from './sources/index.js';

export function writeString(writer: Writer, shape: Shape, place: Place): string | null {
  const { rules, presume } = writer;
  const { minLength: min, patterns } = shape;
  const max = shape.maxLength < Infinity ? shape.maxLength : Math.max(min, writer.maxStringLength);
  if (min > max) return null;
  if (shape.source !== null && writer.text !== null) return fromText(writer, shape, writer.text);
  const quoted = (body: string | null, name = `${place.name}-text`): string | null =>
    body === null ? null : rules.add(name, sequence(['"\\""', body, '"\\""']));
  const excluded = shape.excluded.filter((value) => typeof value === 'string');
  if (excluded.length > 0 || shape.notPatterns.length > 0) {
    const body = limited(writer, shape, excluded);
    if (body !== undefined) return quoted(body);
    writer.unforced('not');
  }
  const lengths = min > 0 || shape.maxLength < Infinity;
  for (const format of shape.formats) {
    if (!Object.hasOwn(formats, format) || (!presume && looseFormats.has(format))) {
      if (looseFormats.has(format)) writer.unforced('format');
      continue;
    }
    if (patterns.length > 0) writer.unforced('pattern');
    if (lengths) writer.unforced('maxLength');
    return quoted(formats[format]?.(rules, presume) ?? '', `${format}-text`);
  }
  if (patterns.length > 0) {
    const written = patternGrammar(patterns, { min, max, exact: lengths, all: !presume }, rules);
    if (!written.exact) writer.unforced('pattern');
    return quoted(written.body);
  }
  return quoted(repeat(characterRule(writer), min, max, rules), 'text');
}

/** A string that may only come from the text: copied, or a date of it as `format: date` writes it. */
function fromText(writer: Writer, shape: Shape, text: string): string | null {
  const { rules } = writer;
  if (shape.source === 'normalize' && shape.formats.includes('date')) {
    const dates = normalValues(shape, 'string', text, writer.reader);
    return dates.length === 0
      ? null
      : oneOf(
          dates.map((date) => [date, '']),
          rules,
          'date-in-text',
        );
  }
  if (shape.minLength > 1 || shape.maxLength < Infinity || shape.patterns.length > 0) writer.unforced('pattern');
  const body = copyGrammar(text, rules);
  return body === null ? null : rules.add('copied-text', sequence(['"\\""', body, '"\\""']));
}

/** Strings that keep everything a shape says of them, exclusions too; undefined when no automaton can tell. */
function limited(writer: Writer, shape: Shape, excluded: readonly string[]): string | null | undefined {
  const { minLength: min, maxLength, patterns, notPatterns } = shape;
  const max = maxLength < Infinity ? maxLength : writer.maxStringLength;
  const forbidden = [...notPatterns.map(matching), ...(excluded.length > 0 ? [words(excluded)] : [])];
  const wanted = [...patterns.map(matching), ...(min > 0 || max < Infinity ? [ofLength(min, max)] : [])];
  const known = [...forbidden, ...wanted].every((language) => language !== null);
  if (!known || shape.formats.length > 0) return undefined;
  const rest = without(forbidden.filter((language) => language !== null));
  const all = rest === null ? null : both([rest, ...wanted.filter((language) => language !== null)]);
  return all === null ? undefined : languageGrammar(all, !writer.presume, writer.rules);
}

/**
 * One character of a JSON string. No halves of surrogate pairs as `\uXXXX`, so that every one counts as one character
 * and the text can be written as UTF-8.
 */
function characterRule({ rules, presume }: Writer): string {
  const raw = presume ? '[^"\\\\\\x7f\\x00-\\x1f]' : '[^"\\\\\\x00-\\x1f]';
  const hex = '[0-9a-fA-F]';
  const unit = `([0-9a-cA-CefEF] ${hex}{3} | [dD] [0-7] ${hex}{2})`;
  return rules.add('char', `${raw} | "\\\\" (["\\\\/bfnrt] | "u" ${unit})`);
}
