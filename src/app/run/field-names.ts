import { statSync } from 'node:fs';
import { type BadRow, hasOtherId, isBadRow, recordOf } from '../../record.js';
import { type Reader, readers } from '../../records/index.js';
import type { InputRecord, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { type Input, type InputFlags, readRows } from './inputs.js';

/** Readers whose rows may have different fields; those of the others all have the fields of the first. */
const varied: readonly Reader[] = [readers.jsonl, readers.json, readers.squad];

/**
 * Names of the fields of all records, in the order of their first appearance, for a header that is written before the
 * first record. Reads files to their end, so that no field is missing; null where an input can be read only once.
 */
export async function fieldNamesOf(
  surroundings: Surroundings,
  inputs: readonly Input[],
  task: Pick<TaskProfile, 'input'>,
  flags: InputFlags,
): Promise<readonly string[] | null> {
  if (!inputs.every(({ source }) => source.file !== '-' && isRegular(source.file))) return null;
  const names = new Set<string>();
  // Warnings are given when the records themselves are read.
  const silent = { ...surroundings, notice: () => undefined };
  let count = 0;
  for (const input of inputs) {
    if (count === flags.limit) break;
    for await (const row of readRows(silent, input, flags)) {
      if (surroundings.signal.aborted) break;
      const record = recordOf(row, count++, task.input, flags.field ?? null);
      for (const name of namesIn(record)) names.add(name);
      if (count === flags.limit || (row.error === undefined && !varied.includes(input.reader))) break;
    }
  }
  return [...names];
}

/**
 * Names of the fields of a record that results can pass through; none for a row that cannot be read. A field `id` that
 * is the record's id is not passed through: results have it anyway.
 */
export function namesIn(record: InputRecord | BadRow): string[] {
  const [fields, added] = isBadRow(record) ? [record.row.fields, null] : [record.fields, record.added];
  return Object.keys(fields).filter((name) => name !== added && (name !== 'id' || hasOtherId(record.id, fields)));
}

function isRegular(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** Unreadable rows at the beginning that are looked past for one with fields. */
const mostUnreadable = 1000;

/** The same records; `see` is told the fields of the first one that has any before any record is passed on. */
export async function* afterFirstNames(
  records: AsyncIterable<InputRecord | BadRow>,
  see: (names: readonly string[]) => void,
): AsyncGenerator<InputRecord | BadRow> {
  let waiting: (InputRecord | BadRow)[] | null = [];
  for await (const record of records) {
    if (waiting === null) {
      yield record;
      continue;
    }
    waiting.push(record);
    const names = namesIn(record);
    if (names.length === 0 && waiting.length < mostUnreadable) continue;
    see(names);
    yield* waiting;
    waiting = null;
  }
  yield* waiting ?? [];
}
