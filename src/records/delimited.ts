import { usageError } from '../errors.js';
import type { Row } from '../types.js';
import type { ReadOptions } from './types.js';

/** One record of a table and the line on which it starts. Instead of cells, it may have an error. */
export interface TableRecord {
  readonly line: number;
  readonly cells?: readonly string[];
  readonly error?: string;
  /** The line on which reading resumes, where the record seemed to go on over several lines. */
  readonly resumesAt?: number;
}

/** Returns whether a line of a table says nothing. White space beside a delimiter is a record with empty fields. */
export function isBlank(line: string, delimiter: string | undefined): boolean {
  return line.trim() === '' && (delimiter === undefined || !line.includes(delimiter));
}

/** Rows of a table. The first record that is not empty names the columns unless `options.columns` does. */
export async function* tableRows(
  records: AsyncIterable<TableRecord>,
  file: string,
  options: ReadOptions,
): AsyncIterable<Row> {
  let columns = options.columns;
  for await (const { line, cells, error, resumesAt } of records) {
    const origin = { file, line };
    if (cells === undefined) {
      if (columns === undefined) {
        throw usageError(
          `${file}: the header cannot be read: ${error}`,
          'If the fields are not separated by commas, name the separator: --delimiter ";"',
        );
      }
      const resumed = resumesAt === undefined ? '' : `; reading resumes on line ${resumesAt}`;
      yield { fields: {}, origin, error: `${error ?? `line ${line} cannot be read`}${resumed}` };
    } else if (columns === undefined) {
      if (cells.some((cell) => cell.trim() !== '')) columns = header(cells, file, line);
    } else if (cells.length !== columns.length) {
      const count = `${cells.length} ${cells.length === 1 ? 'field' : 'fields'}`;
      const expected = `${columns.length}: ${columns.join(', ')}`;
      yield { fields: {}, origin, error: `line ${line} has ${count}, the table has ${expected}` };
    } else {
      yield { fields: Object.fromEntries(columns.map((name, index) => [name, cells[index]])), origin };
    }
  }
}

function header(cells: readonly string[], file: string, line: number): string[] {
  const names = cells.map((cell, index) => cell.trim() || `column_${index + 1}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    const hint = 'Rename one of them; if the first line is data, name the columns with --columns.';
    throw usageError(`${file}:${line}: two columns are called "${twice}"`, hint);
  }
  return names;
}
