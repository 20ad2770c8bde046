import { decode } from './decode.js';
import { splitLines, tooLong } from './split-lines.js';
import type { ByteSource, Reader, ReadOptions } from './types.js';

/** A line of a file, or the reason why it cannot be read. */
export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string | null;
  readonly error: string;
}

/** Every line of a source; too long ones with an error in place of their text. */
export async function* readLines(source: ByteSource, options: ReadOptions): AsyncIterable<Line> {
  for await (const { first, texts } of splitLines(decode(source, options), options.maxRecordBytes)) {
    for (const [index, text] of texts.entries()) {
      const line = first + index;
      yield { line, text, error: text === null ? tooLong(`line ${line}`, options.maxRecordBytes) : '' };
    }
  }
}

/** Every line is a record. Blank lines too, so that line numbers and counts are kept. */
export const lines: Reader = {
  name: 'lines',
  extensions: [],
  labelled: false,
  takes: [],
  async *read(source, options) {
    for await (const { line, text, error } of readLines(source, options)) {
      const origin = { file: source.file, line };
      yield text === null ? { fields: {}, origin, error } : { fields: { text }, origin };
    }
  },
};
