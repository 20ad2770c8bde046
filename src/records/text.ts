import { readUpTo } from './read-all.js';
import { tooLong } from './split-lines.js';
import type { Reader } from './types.js';

/** A file is one document. An empty file is no document. */
export const text: Reader = {
  name: 'text',
  extensions: ['txt', 'text', 'md', 'markdown'],
  labelled: false,
  takes: [],
  async *read(source, options) {
    const origin = { file: source.file, line: null };
    const document = await readUpTo(source, options, options.maxRecordBytes);
    if (document === null) yield { fields: {}, origin, error: tooLong('the text', options.maxRecordBytes) };
    // The last line end belongs to the file, not to the text, as in $(cat file).
    else if (document !== '') yield { fields: { text: document.replace(/\n$/, '') }, origin };
  },
};
