import { usageError } from '../errors.js';
import { isExactNumber, JsonProblem, parseJson as parseExactly } from '../json.js';

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}

/** The fields of a row that was written as JSON: those of an object, or `text` for a bare string; null otherwise. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value === 'string') return { text: value };
  return isObject(value) ? value : null;
}

const isJsonLines = 'A file with one object a line is JSON Lines: name it .jsonl or give its format.';

/**
 * Parses a document, or an element of one that begins at a line and column.
 * @throws SlmError with the place where the JSON breaks
 */
export function parseJson(
  document: string,
  file: string,
  hint = isJsonLines,
  start: { readonly line: number; readonly column: number } = { line: 1, column: 1 },
): unknown {
  try {
    return parseExactly(document);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    const before = document.slice(0, error.position ?? document.length);
    const breaks = before.split('\n').length - 1;
    const line = start.line + breaks;
    const column = before.length - before.lastIndexOf('\n') + (breaks === 0 ? start.column - 1 : 0);
    throw usageError(`${file}:${line}:${column}: not valid JSON: ${error.message}`, hint, error);
  }
}
