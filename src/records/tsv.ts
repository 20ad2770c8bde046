import { isBlank, type TableRecord, tableRows } from './delimited.js';
import { readLines } from './lines.js';
import type { ByteSource, Reader, ReadOptions } from './types.js';

/**
 * Tab-separated values: a line is a record, and quotes and backslashes are characters like any other, as in
 * most corpora. Blank lines are skipped.
 */
export const tsv: Reader = {
  name: 'tsv',
  extensions: ['tsv', 'tab'],
  labelled: true,
  takes: ['columns'],
  read: (source, options) => tableRows(records(source, options), source.file, options),
};

async function* records(source: ByteSource, options: ReadOptions): AsyncIterable<TableRecord> {
  for await (const { line, text, error } of readLines(source, options)) {
    if (text === null) yield { line, error };
    else if (!isBlank(text, '\t')) yield { line, cells: text.split('\t') };
  }
}
