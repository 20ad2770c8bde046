import path from 'node:path';
import { messageOf } from '../errors.js';
import { decodedText } from './decoding.js';
import { textOfXhtml } from './markup.js';
import { declaredEncoding } from './markup-encoding.js';
import type { DocumentFormat } from './types.js';
import { unzip } from './zip.js';

/** Electronic books: their chapters in reading order. A chapter that cannot be read is named in a warning. */
export const epub: DocumentFormat = {
  name: 'EPUB',
  extensions: ['epub'],
  compressed: true,
  async extract({ name: book, bytes }, limits, onWarning) {
    // The book's own list says what is a chapter; suffixes do not.
    const files = await unzip(bytes, limits, () => true);
    const { parseDocument, DomUtils } = await import('htmlparser2');
    const markupOf = (name: string, content: Buffer) =>
      decodedText({ name: `${book} (${name})`, bytes: content }, limits, onWarning, declaredEncoding);
    const elements = async (name: string, ...tags: string[]) => {
      const content = files.get(name);
      if (content === undefined) throw new Error(`it is no EPUB book: "${name}" is missing`);
      const all = parseDocument(await markupOf(name, content), { xmlMode: true });
      return DomUtils.getElementsByTagName((tag) => tags.includes(tag.replace(/^.*:/u, '')), all);
    };
    const [root] = await elements('META-INF/container.xml', 'rootfile');
    const list = root?.attribs['full-path'] ?? '';
    const encryption = 'META-INF/encryption.xml';
    const locked = files.has(encryption) ? await elements(encryption, 'CipherReference') : [];
    const lockedNames = new Set(locked.flatMap(({ attribs }) => namesOf(attribs.URI ?? '', '.')));
    const items = new Map((await elements(list, 'item')).map(({ attribs }) => [attribs.id, attribs]));

    const chapters: string[] = [];
    const failed: string[] = [];
    for (const { attribs } of await elements(list, 'itemref')) {
      limits.signal.throwIfAborted();
      const item = items.get(attribs.idref);
      if (/^(?:image|audio|video|font)\//u.test(item?.['media-type'] ?? '')) continue;
      const names = item === undefined ? [] : namesOf(item.href ?? '', path.posix.dirname(list));
      const name = names.find((each) => files.has(each));
      const shown = name ?? names[0] ?? attribs.idref;
      try {
        if (name === undefined) throw new Error('it is missing');
        if (lockedNames.has(name)) throw new Error('it is encrypted');
        chapters.push(await textOfXhtml(await markupOf(name, files.get(name) as Buffer)));
      } catch (error) {
        const reason = messageOf(error);
        failed.push(reason);
        onWarning(`chapter "${shown}" cannot be read: ${reason}`, book);
      }
    }
    if (chapters.length === 0 && failed.length > 0)
      throw new Error(
        failed.every((reason) => reason === 'it is encrypted') ? 'it is encrypted' : 'none of its chapters can be read',
      );
    return { text: chapters.filter((text) => text.trim() !== '').join('\n\n') };
  },
};

/**
 * The files that a reference may mean, likeliest first: it should be percent-encoded, and `#` begins a place within
 * the file, but not every program that writes books keeps to that.
 */
function namesOf(reference: string, folder: string): string[] {
  const [file = ''] = reference.split('#');
  return [decoded(file), file, decoded(reference), reference].map((name) => path.posix.join(folder, name));
}

function decoded(file: string): string {
  return file
    .split('/')
    .map((segment) => {
      try {
        return decodeURIComponent(segment);
      } catch {
        return segment;
      }
    })
    .join('/');
}
