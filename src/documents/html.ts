import { textOfMarkup } from './markup.js';
import { decodedText } from './plain-text.js';
import type { DocumentFormat } from './types.js';

/** Web pages: what a reader sees of them, without scripts and menus. */
export const html: DocumentFormat = {
  name: 'HTML',
  extensions: ['html', 'htm', 'xhtml'],
  async extract(file, limits, onWarning) {
    const markup = await decodedText(file, limits, onWarning, declaredEncoding(file.bytes));
    return { text: await textOfMarkup(markup) };
  },
};

/** The encoding that the page declares in its first kilobyte, where browsers look for it. */
function declaredEncoding(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 1024).toString('latin1');
  const name = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/iu.exec(head)?.[1]?.toLowerCase();
  // The one that goes without saying; and an unknown name says nothing.
  return name === undefined || name === 'utf-8' || !/^(?:windows-|iso-|shift|euc|gb|big5|koi8|macintosh)/u.test(name)
    ? undefined
    : name;
}
