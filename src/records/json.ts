import { usageError } from '../errors.js';
import { isTooDeep } from '../json.js';
import type { Row } from '../types.js';
import { decode } from './decode.js';
import { elements } from './json-elements.js';
import { fieldsOf, isObject, parseJson } from './json-values.js';
import { peek } from './peek.js';
import { readWhole } from './read-all.js';
import { tooLong } from './split-lines.js';
import { isSquad, squadRows } from './squad.js';
import type { Chunks, Reader, ReadOptions } from './types.js';

/**
 * A JSON file: an array of objects or strings, which is read an element at a time; or an object whose values are all
 * objects (its keys become `id`), or one object, which is one record. A SQuAD file is recognised and read as such.
 */
export const json: Reader = {
  name: 'json',
  extensions: ['json'],
  labelled: true,
  takes: [],
  async *read(source, options) {
    const { head, chunks } = await peek(decode(source, options), (start) => start.toString('latin1').trim() === '');
    const first = head.toString('latin1').trimStart().charAt(0);
    if (first === '[') yield* arrayRows(chunks, source.file, options);
    else if (first !== '') yield* documentRows(chunks, source.file, options);
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
    return { problem: depthProblem(error) };
  }
}

/** Why JSON that is valid cannot be worked with; an error for other reasons is thrown on. */
function depthProblem(error: unknown): string {
  const { cause } = error as Error;
  if (isTooDeep(cause)) return cause.message;
  throw error;
}

/** A single JSON object cannot be read piece by piece: only its end shows whether it is one record or many. */
async function* documentRows(chunks: Chunks, file: string, options: ReadOptions): AsyncIterable<Row> {
  const document = await readWhole(chunks, file, options);
  if (document.trimStart().startsWith('{')) {
    yield* objectRows(await membersOf(document, file), file);
    return;
  }
  const fields = fieldsOf(parseJson(document, file));
  if (fields === null) throw usageError(`${file}: expected an array of objects or an object`);
  yield { fields, origin: { file, line: 1 } };
}

/** A member of the outermost object. One that is nested too deep has a problem, and an empty value. */
interface Member {
  readonly key: string;
  readonly value: unknown;
  readonly problem: string | null;
  readonly line: number;
}

async function membersOf(document: string, file: string): Promise<Member[]> {
  const members: Member[] = [];
  for await (const { text, line, column } of elements(once(document), file, Number.POSITIVE_INFINITY)) {
    const written = text ?? '';
    try {
      const member = parseJson(`{${written}}`, file, undefined, { line, column: column - 1 }) as object;
      const [key = '', value] = Object.entries(member)[0] ?? [];
      members.push({ key, value, problem: null, line });
    } catch (error) {
      const problem = depthProblem(error);
      const [, name = '""', first] = /^("(?:[^"\\]|\\.)*")\s*:\s*(.)/su.exec(written) ?? [];
      members.push({ key: JSON.parse(name), value: first === '{' ? {} : [], problem: `${name}: ${problem}`, line });
    }
  }
  return members;
}

async function* once(document: string): Chunks {
  yield Buffer.from(document);
}

function* objectRows(members: readonly Member[], file: string): Iterable<Row> {
  const whole = Object.fromEntries(members.map(({ key, value }) => [key, value]));
  const broken = members.find(({ problem }) => problem !== null)?.problem ?? null;
  if (isSquad(whole)) {
    yield* squadRows(whole, file);
  } else if (members.length > 0 && members.every(({ value }) => isObject(value))) {
    // In the order of the file; JavaScript would move keys that look like numbers to the front.
    for (const { key, value, problem, line } of members) {
      const row = { fields: { id: key, ...fieldsOf(value) }, origin: { file, line } };
      yield problem === null ? row : { ...row, error: problem };
    }
  } else {
    const origin = { file, line: 1 };
    yield broken === null ? { fields: whole, origin } : { fields: {}, origin, error: broken };
  }
}
