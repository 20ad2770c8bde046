import { decodedText } from './decoding.js';
import type { DocumentFormat } from './types.js';

/** Text and light markup, in whatever encoding can be told. */
export const plainText: DocumentFormat = {
  name: 'text',
  extensions: ['md', 'markdown', 'txt', 'text', 'rst', 'adoc', 'org'],
  extract: async (file, limits, onWarning) => ({ text: await decodedText(file, limits, onWarning) }),
};
