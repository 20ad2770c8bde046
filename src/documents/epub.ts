import path from 'node:path';
import { textOfMarkup } from './markup.js';
import type { DocumentFormat } from './types.js';
import { unzip } from './zip.js';

/** Electronic books: their chapters in reading order. */
export const epub: DocumentFormat = {
  name: 'EPUB',
  extensions: ['epub'],
  async extract({ bytes }, limits) {
    const files = await unzip(bytes, limits, (name) => /\.(?:xml|opf|x?html?)$/iu.test(name));
    const { parseDocument, DomUtils } = await import('htmlparser2');
    const elements = (name: string, tag: string) => {
      const file = files.get(name);
      if (file === undefined) throw new Error(`it is no EPUB book: "${name}" is missing`);
      const all = parseDocument(file.toString('utf8'), { xmlMode: true });
      return DomUtils.getElementsByTagName((tagName) => tagName === tag || tagName.endsWith(`:${tag}`), all);
    };
    if (files.has('META-INF/encryption.xml') && elements('META-INF/encryption.xml', 'EncryptedData').length > 0)
      throw new Error('it is encrypted');
    const container = 'META-INF/container.xml';
    const [root] = elements(container, 'rootfile');
    const book = root?.attribs['full-path'] ?? '';
    const places = new Map(elements(book, 'item').map(({ attribs }) => [attribs.id, attribs.href]));
    const chapters: string[] = [];
    for (const { attribs } of elements(book, 'itemref')) {
      const place = places.get(attribs.idref);
      const name = place === undefined ? '' : path.posix.join(path.posix.dirname(book), decodeURI(place));
      const chapter = files.get(name);
      limits.signal.throwIfAborted();
      if (chapter !== undefined) chapters.push(await textOfMarkup(chapter.toString('utf8')));
    }
    return { text: chapters.filter((text) => text.trim() !== '').join('\n\n') };
  },
};
