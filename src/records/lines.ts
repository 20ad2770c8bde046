import { decode } from './decode.js';
import { splitLines, tooLong } from './split-lines.js';
import type { Reader } from './types.js';

/** Every line is a record. Blank lines too, so that line numbers and counts are kept. */
export const lines: Reader = {
  name: 'lines',
  extensions: [],
  labelled: false,
  async *read(source, options) {
    const { file } = source;
    for await (const { first, texts } of splitLines(decode(source, options), options.maxRecordBytes)) {
      for (const [index, line] of texts.entries()) {
        const origin = { file, line: first + index };
        if (line !== null) yield { fields: { text: line }, origin };
        else yield { fields: {}, origin, error: tooLong(`line ${origin.line}`, options.maxRecordBytes) };
      }
    }
  },
};
