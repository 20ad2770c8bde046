import { messageOf, usageError } from '../errors.js';
import { isExactNumber, JsonProblem } from '../json.js';
import type { Row } from '../types.js';
import { decode, peek } from './decode.js';
import { elements } from './json-elements.js';
import { fieldsOf, isObject, parseJson } from './json-values.js';
import { readAll } from './read-all.js';
import { tooLong } from './split-lines.js';
import { isSquad, squadRows } from './squad.js';
import type { ByteSource, Reader, ReadOptions } from './types.js';

/**
 * A JSON file: an array of objects or strings, which is read an element at a time; or an object whose values are all
 * objects (its keys become `id`), or one object, which is one record. A SQuAD file is recognised and read as such.
 */
export const json: Reader = {
  name: 'json',
  extensions: ['json'],
  labelled: true,
  async *read(source, options) {
    const { head, chunks } = await peek(decode(source, options), (start) => start.toString('latin1').trim() === '');
    const first = head.toString('latin1').trimStart().charAt(0);
    if (first === '[') yield* arrayRows(chunks, source.file, options);
    else if (first !== '') yield* documentRows({ file: source.file, open: () => chunks }, options);
  },
};

async function* arrayRows(chunks: AsyncIterable<Buffer>, file: string, options: ReadOptions): AsyncIterable<Row> {
  let index = 0;
  for await (const { text, line, column } of elements(chunks, file, options.maxRecordBytes)) {
    const what = `element ${++index} of the array`;
    const origin = { file, line };
    const bad = (error: string): Row => ({ fields: {}, origin, error });
    if (text === null) {
      yield bad(tooLong(what, options.maxRecordBytes));
      continue;
    }
    const row = elementRow(text, file, { line, column });
    if ('problem' in row) yield bad(`${what}: ${row.problem}`);
    else yield row.fields === null ? bad(`${what} is not a JSON object or string`) : { fields: row.fields, origin };
  }
}

/** An element that is valid JSON and cannot be worked with is an error of its own; other ones end the file. */
function elementRow(text: string, file: string, start: { line: number; column: number }) {
  try {
    return { fields: fieldsOf(parseJson(text, file, undefined, start)) };
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof JsonProblem && cause.position === null && cause.cause === undefined)
      return { problem: messageOf(cause) };
    throw error;
  }
}

/** What is one JSON object cannot be read piece by piece. */
async function* documentRows(source: ByteSource, options: ReadOptions): AsyncIterable<Row> {
  const { file } = source;
  const document = await readAll(source, options);
  const value = parseJson(document, file);
  if (isSquad(value)) {
    yield* squadRows(value, file);
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
}

function isTable(value: unknown): value is Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  if (!isObject(value)) return false;
  const rows = Object.values(value);
  return rows.length > 0 && rows.every((row) => isObject(row) && !isExactNumber(row));
}

/** For each member of the outermost object of valid JSON, its key and line. */
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
