import { type TableRecord, tableRows } from './delimited.js';
import { lines } from './lines.js';
import type { ByteSource, Reader, ReadOptions } from './types.js';

/**
 * Tab-separated values: a line is a record, and quotes and backslashes are characters like any other, as in
 * most corpora. Blank lines are skipped.
 */
export const tsv: Reader = {
  name: 'tsv',
  extensions: ['tsv', 'tab'],
  labelled: true,
  read: (source, options) => tableRows(records(source, options), source.file, options),
};

async function* records(source: ByteSource, options: ReadOptions): AsyncIterable<TableRecord> {
  for await (const { fields, origin, error } of lines.read(source, options)) {
    if (typeof fields.text !== 'string') yield { line: origin.line, error: error ?? 'the line cannot be read' };
    else if (fields.text.trim() !== '') yield { line: origin.line, cells: fields.text.split('\t') };
  }
}
