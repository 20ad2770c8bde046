import assert from 'node:assert/strict';
import type { Reader, ReadOptions } from '../../src/records/index.js';
import type { Row } from '../../src/types.js';

/** The rows that a reader finds in `content`; a warning fails the test unless `onWarning` takes it. */
export async function rowsIn(reader: Reader, content: string, options: Partial<ReadOptions> = {}): Promise<Row[]> {
  const rows: Row[] = [];
  const source = {
    file: 'input',
    async *open() {
      yield Buffer.from(content);
    },
  };
  const all = { maxRecordBytes: 8 * 1024 ** 2, onWarning: assert.fail, ...options };
  for await (const row of reader.read(source, all)) rows.push(row);
  return rows;
}
