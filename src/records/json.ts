import { usageError } from '../errors.js';
import { fieldsOf, isObject, parseJson } from './json-values.js';
import { readAll } from './read-all.js';
import { isSquad, squadRows } from './squad.js';
import type { Reader } from './types.js';

/**
 * A JSON file: an array of objects or strings, or an object whose values are all objects (its keys become
 * `id`), or one object, which is one record. A SQuAD file is recognised and read as such.
 */
export const json: Reader = {
  name: 'json',
  extensions: ['json'],
  labelled: true,
  async *read(source, options) {
    const { file } = source;
    const document = await readAll(source, options);
    if (document.trim() === '') return;
    const value = parseJson(document, file);
    if (isSquad(value)) {
      yield* squadRows(value, file);
    } else if (Array.isArray(value)) {
      const starts = members(document);
      for (const [index, element] of value.entries()) {
        const origin = { file, line: starts[index]?.line ?? 1 };
        const fields = fieldsOf(element);
        if (fields !== null) yield { fields, origin };
        else yield { fields: {}, origin, error: `element ${index + 1} of the array is not a JSON object or string` };
      }
    } else if (isTable(value)) {
      // In the order of the file; JavaScript would move keys that look like numbers to the front.
      for (const { line, token } of members(document)) {
        const id: string = JSON.parse(token);
        yield { fields: { id, ...value[id] }, origin: { file, line } };
      }
    } else {
      const fields = fieldsOf(value);
      if (fields === null) throw usageError(`${file}: expected an array of objects or an object`);
      yield { fields, origin: { file, line: 1 } };
    }
  },
};

function isTable(value: unknown): value is Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  if (!isObject(value)) return false;
  const rows = Object.values(value);
  return rows.length > 0 && rows.every(isObject);
}

/** For each element of the outermost array or object of valid JSON, its first token (for an object, the key) and line. */
function members(document: string): { line: number; token: string }[] {
  const found: { line: number; token: string }[] = [];
  let depth = 0;
  let line = 1;
  let expected = true;
  for (const [token] of document.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},\n]|[^\s"[\]{},]+/g)) {
    if (token === '\n') {
      line++;
      continue;
    }
    if (depth === 1 && expected && token !== ']' && token !== '}') {
      found.push({ line, token });
      expected = false;
    }
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    else if (token === ',' && depth === 1) expected = true;
  }
  return found;
}
