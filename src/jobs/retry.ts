import { closeSync, fdatasyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { SlmError, usageError } from '../errors.js';
import { type BadRow, idByPlace, isBadRow } from '../record.js';
import type { InputRecord } from '../types.js';
import type { FailedRow, FailedRows } from './failed-rows.js';
import type { Checkpoint } from './journal.js';
import { createRollingDigest } from './rolling-digest.js';
import { writeFailure } from './write-failure.js';

/** An output on its way to a new version of itself. */
export interface Replacement {
  /** Puts `text` in the place of the next failed row. */
  replace(text: string): void;
  /**
   * Takes over all that is left of the old one, and puts the new one in its place in one step.
   * @param prepare called with the new one before that
   */
  commit(prepare?: (file: Pick<Checkpoint, 'bytes' | 'output'>) => void): void;
  /** Leaves the old one. */
  discard(): void;
}

/**
 * The records whose results failed. Reads the input to its end.
 * @throws SlmError when the input is not the one that the output was made from
 */
export async function* failedRecords(
  records: AsyncIterable<InputRecord | BadRow>,
  { failed, records: total }: FailedRows,
  path: string,
): AsyncGenerator<InputRecord | BadRow> {
  let position = 0;
  let next = 0;
  for await (const record of records) {
    const row = failed[next];
    if (row !== undefined && row.position === position) {
      // One that could not be read at first, such as one that was too long, went by its place.
      const place = idByPlace(isBadRow(record) ? record.row.origin : record.origin);
      if (record.id !== row.id && place !== row.id)
        throw otherInput(path, `record ${position + 1} is "${record.id}" here and "${row.id}" there`);
      next++;
      yield record;
    }
    position++;
    if (position > total) throw otherInput(path, `the output has ${total} records, the input has more`);
  }
  if (position < total) throw otherInput(path, `the output has ${total} records, the input ${position}`);
}

const copyBytes = 1 << 20;

export function replaceRows(path: string, failed: readonly FailedRow[]): Replacement {
  const beside = `${path}.job.new`;
  const { mode, size } = statSync(path);
  const source = openSync(path, 'r');
  let target: number;
  try {
    target = openSync(beside, 'w', mode);
  } catch (error) {
    closeSync(source);
    throw writeFailure(beside, error, full(path));
  }
  const buffer = Buffer.alloc(copyBytes);
  const output = createRollingDigest();
  let bytes = 0;
  const add = (chunk: Buffer) => {
    for (let written = 0; written < chunk.length; ) written += writeSync(target, chunk, written);
    output.update(chunk);
    bytes += chunk.length;
  };
  let at = 0;
  let next = 0;
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw error instanceof SlmError ? error : writeFailure(`"${beside}"`, error, full(path));
    }
  };
  const copyTo = (end: number) => {
    while (at < end) {
      const read = readSync(source, buffer, 0, Math.min(buffer.length, end - at), at);
      if (read === 0) throw new Error(`"${path}" became shorter`);
      add(buffer.subarray(0, read));
      at += read;
    }
  };
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    closeSync(source);
    closeSync(target);
  };
  return {
    replace: (text) =>
      guarded(() => {
        const row = failed[next++] as FailedRow;
        copyTo(row.start);
        add(Buffer.from(text));
        at = row.end;
      }),
    commit: (prepare = () => undefined) =>
      guarded(() => {
        copyTo(size);
        fdatasyncSync(target);
        prepare({ bytes, output: output.value() });
        close();
        renameSync(beside, path);
      }),
    discard() {
      close();
      rmSync(beside, { force: true });
    },
  };
}

function full(path: string): string {
  return `Free some space and try again; "${path}" is as it was.`;
}

function otherInput(path: string, how: string): SlmError {
  return usageError(
    `the input is not the one that "${path}" was made from: ${how}.`,
    'Give the same input, shard and limit again.',
  );
}
