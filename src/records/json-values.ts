import { jsonProblem, usageError } from '../errors.js';

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a row that was written as JSON: those of an object, or `text` for a bare string; null otherwise. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value === 'string') return { text: value };
  return isObject(value) ? value : null;
}

/** Throws a usage error with the place where the JSON breaks. */
export function parseJson(
  document: string,
  file: string,
  hint = 'A file with one object a line is JSON Lines: name it .jsonl or give its format.',
): unknown {
  try {
    return JSON.parse(document);
  } catch (error) {
    const message = jsonProblem(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    const before = document.slice(0, position === undefined ? document.length : Number(position));
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    throw usageError(`${file}:${line}:${column}: not valid JSON: ${message}`, hint, error);
  }
}
