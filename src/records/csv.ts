import { usageError } from '../errors.js';
import { lazy } from '../lazy.js';
import { isBlank, type TableRecord, tableRows } from './delimited.js';
import { delimiterOf } from './delimiter.js';
import { readLines } from './lines.js';
import { rereadable } from './rereadable.js';
import { tooLong } from './split-lines.js';
import type { ByteSource, Reader, ReadOptions } from './types.js';

const csvParse = lazy<typeof import('csv-parse/sync')>('csv-parse/sync');

/**
 * Comma-separated values (RFC 4180): quoted fields may contain commas, doubled quotes and line ends. Blank
 * lines are skipped. A record that breaks the rules is an error of its own; reading resumes on the line after the one
 * where it begins, so that a stray quote costs one row and not all that follow.
 */
export const csv: Reader = {
  name: 'csv',
  extensions: ['csv'],
  labelled: true,
  takes: ['columns', 'delimiter'],
  read(source, options) {
    const { delimiter } = options;
    if (delimiter !== undefined && (delimiter === '' || /["\r\n]/.test(delimiter))) {
      throw usageError(`${JSON.stringify(delimiter)} cannot separate fields`, 'Usual ones are , ; | and a tab.');
    }
    return tableRows(records(source, options), source.file, options);
  },
};

/** Lines of a record whose quoted field is still open. */
interface Open {
  readonly line: number;
  readonly parts: string[];
  bytes: number;
}

async function* records(source: ByteSource, options: ReadOptions): AsyncIterable<TableRecord> {
  let { delimiter } = options;
  let open: Open | null = null;
  let first = true;
  const lines = rereadable(readLines(source, options));
  const abandon = ({ line, parts }: Open, error: string): TableRecord => {
    if (parts.length === 1) return { line, error };
    lines.again(parts.slice(1).map((text, index) => ({ line: line + 1 + index, text, error: '' })));
    return { line, error, resumesAt: line + 1 };
  };
  for await (const next of lines.all) {
    if (open !== null && (next === null || next.text === null)) {
      if (next !== null) lines.again([next]);
      yield abandon(open, `a quote in the record of line ${open.line} is never closed`);
      open = null;
      continue;
    }
    if (next === null) continue;
    if (next.text === null) {
      yield { line: next.line, error: next.error };
      continue;
    }
    const { line, text } = next;
    const record: Open = open ?? { line, parts: [], bytes: 0 };
    open = null;
    record.parts.push(text);
    record.bytes += Buffer.byteLength(text) + 1;
    if (record.parts.length === 1 && isBlank(text, delimiter)) continue;
    if (first) {
      first = false;
      const named = /^sep=([^"])$/iu.exec(text)?.[1];
      if (named !== undefined) {
        // A line of Excel's, which is no header.
        delimiter ??= named;
        continue;
      }
    }
    delimiter ??= toldDelimiter(text, source.file, options);
    // Inside a quoted field, only a line with an odd number of quotes can end it.
    const inside = record.parts.length > 1 && quotes(text) % 2 === 0;
    const cells = inside ? 'open' : parseRecord(record.parts.join('\n'), delimiter);
    if (cells !== 'open') {
      yield 'error' in cells ? abandon(record, cells.error) : { line: record.line, ...cells };
    } else if (record.bytes > options.maxRecordBytes) {
      yield abandon(record, tooLong(`the record from line ${record.line} on`, options.maxRecordBytes));
    } else {
      open = record;
    }
  }
}

/** Tells the delimiter by the first line, and warns where it is not a comma. */
function toldDelimiter(line: string, file: string, { columns, onWarning }: ReadOptions): string {
  const delimiter = delimiterOf(line, columns?.length ?? null);
  if (delimiter !== ',') {
    const shown = delimiter === '\t' ? 'tabs' : `"${delimiter}"`;
    onWarning(`${file}: its fields are separated by ${shown}, as its first line shows. Name another with --delimiter`);
  }
  return delimiter;
}

function quotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}

function parseRecord(text: string, delimiter: string): { cells: string[] } | { error: string } | 'open' {
  if (!text.includes('"')) return { cells: text.split(delimiter) };
  const { CsvError, parse } = csvParse();
  try {
    const [cells] = parse(text, { delimiter, relax_column_count: true, record_delimiter: '\n', max_record_size: 0 });
    return { cells: cells ?? [] };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') return 'open';
    return { error: 'a quote stands where none may; put the field in quotes and double the quotes inside it' };
  }
}
