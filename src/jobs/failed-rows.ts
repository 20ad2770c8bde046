import { parse } from 'csv-parse/sync';
import { usageError } from '../errors.js';
import { parseJson } from '../json.js';
import { taskTypes } from '../task-types/index.js';
import type { TaskType } from '../types.js';
import { fileRows } from './file-rows.js';

/** Where the result of a failed record stands in an output. */
export interface FailedRow {
  /** 0-based position among the records of the output. */
  readonly position: number;
  readonly id: string;
  /** Bytes `[start, end)` of the output. */
  readonly start: number;
  readonly end: number;
}

export interface FailedRows {
  readonly failed: readonly FailedRow[];
  /** Records that the output holds. */
  readonly records: number;
  /** csv: the header line; empty for other formats. */
  readonly header: string;
}

/**
 * The failed records of an output.
 * @throws SlmError where the format does not tell them from others, or the file is not such an output
 */
export async function findFailedRows(path: string, format: string, type: TaskType): Promise<FailedRows> {
  if (format === 'jsonl') return failedLines(path);
  if (format === 'csv' && !taskTypes[type].results.manyRows) return failedRecords(path);
  const why =
    format === 'csv'
      ? 'csv has several rows for a record here, so rows cannot be matched with records'
      : `${format} does not tell failed records from others with certainty`;
  throw usageError(
    `--retry-failed cannot work on "${path}": ${why}.`,
    'Write jsonl if you want to retry failed records.',
  );
}

async function failedLines(path: string): Promise<FailedRows> {
  const failed: FailedRow[] = [];
  let position = 0;
  for await (const { start, end, text } of fileRows(path, { quoted: false })) {
    const { id, error } = parseObject(path, position + 1, text);
    if (error !== undefined) failed.push({ position, id: String(id), start, end });
    position++;
  }
  return { failed, records: position, header: '' };
}

async function failedRecords(path: string): Promise<FailedRows> {
  const failed: FailedRow[] = [];
  let header = '';
  let columns: readonly string[] = [];
  let position = 0;
  for await (const { start, end, text } of fileRows(path, { quoted: true })) {
    const [cells = []] = parse(text, {
      relax_column_count: true,
      record_delimiter: '\n',
      max_record_size: 0,
    }) as string[][];
    if (header === '') {
      header = text;
      columns = cells;
      if (columns.at(-1) !== 'error' || !columns.includes('id')) throw notOurs(path, 1);
      continue;
    }
    if (cells.length !== columns.length) throw notOurs(path, position + 2);
    const id = cells[columns.lastIndexOf('id')] as string;
    if (cells.at(-1) !== '') failed.push({ position, id, start, end });
    position++;
  }
  return { failed, records: position, header };
}

function parseObject(path: string, line: number, text: string): { id?: unknown; error?: unknown } {
  try {
    // An id may be a number of any length.
    const value: unknown = parseJson(text);
    if (value !== null && typeof value === 'object' && 'id' in value) return value;
  } catch {
    // Said below.
  }
  throw notOurs(path, line);
}

function notOurs(path: string, row: number) {
  return usageError(
    `"${path}" is not the output of slm run: row ${row} is not one that it writes.`,
    'Name the output with -o.',
  );
}
