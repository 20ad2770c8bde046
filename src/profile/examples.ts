import { usageError } from '../errors.js';
import { type BadExample, type ExampleContext, exampleOf, goldRows, isBadExample } from '../examples.js';
import { placeOf } from '../record.js';
import { fileSource, readerFor } from '../records/index.js';
import type { Example, Row } from '../types.js';
import { shownPath } from './paths.js';
import type { RawProfile } from './schema.js';
import { checkThere, type TaskFile } from './task-file.js';

/** Example files are written by people; none of them comes near this. */
const maxExampleBytes = 8 << 20;
/** All of them are kept in memory, and read at every start. */
const maxExamples = 100_000;

/**
 * The examples or fixtures of a task, from the task itself or from a file.
 * @throws SlmError with the place of the first that is none, or has the id of an earlier one
 */
export async function examplesOf(
  value: RawProfile['examples'],
  key: 'examples' | 'fixtures',
  source: TaskFile,
  context: ExampleContext,
): Promise<Example[]> {
  if (typeof value === 'string') checkThere(value, key, source);
  const rows =
    typeof value === 'string' ? goldRows(context.type, fileRows(value, source)) : inlineRows(value, key, source);
  const found: Example[] = [];
  const ids = new Set<string>();
  for await (const row of rows) {
    const example: Example | BadExample = exampleOf(row, found.length, context);
    if (isBadExample(example)) throw usageError(`${placeOf(example.origin)}: ${example.error}`);
    const { id } = example.record;
    if (ids.has(id))
      throw usageError(
        `${placeOf(row.origin)}: a second example with the id "${id}".`,
        'Give each example an id of its own, or none.',
      );
    ids.add(id);
    if (found.length === maxExamples) {
      throw usageError(
        `${placeOf(row.origin)}: more than ${maxExamples} ${key}.`,
        '`slm tune --data FILE` and `slm eval --data FILE` read any number.',
      );
    }
    found.push(example);
  }
  return found;
}

function fileRows(file: string, source: TaskFile): AsyncIterable<Row> {
  const shown = { ...fileSource(file), file: shownPath(file, source.cwd) };
  const options = { maxRecordBytes: maxExampleBytes, onWarning: () => undefined, refusesDamage: true };
  return readerFor(null, file).read(shown, options);
}

async function* inlineRows(
  items: readonly Record<string, unknown>[],
  key: string,
  source: TaskFile,
): AsyncIterable<Row> {
  for (const [index, fields] of items.entries()) {
    const [, line] = /:(\d+):\d+$/u.exec(source.at([key, index])) ?? [];
    yield {
      fields: { id: `${key}[${index}]`, ...fields },
      origin: { file: shownPath(source.file, source.cwd), line: Number(line ?? 1) },
    };
  }
}
