import { decodedText } from './decoding.js';
import { textOfMarkup, textOfXhtml } from './markup.js';
import { declaredEncoding } from './markup-encoding.js';
import type { DocumentFormat } from './types.js';

/** Web pages: what a reader sees of them, without scripts and menus. */
export const html: DocumentFormat = {
  name: 'HTML',
  extensions: ['html', 'htm', 'xhtml'],
  async extract(file, limits, onWarning) {
    const markup = await decodedText(file, limits, onWarning, declaredEncoding);
    return { text: await (/\.xhtml$/iu.test(file.name) ? textOfXhtml(markup) : textOfMarkup(markup)) };
  },
};
