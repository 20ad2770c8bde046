import { inflateSync } from 'node:zlib';
import type { getDocumentProxy } from 'unpdf';
import { messageOf } from '../errors.js';
import { commonSize, type PageRun, textOfPage, wordsOfPages } from './pdf-page.js';
import type { DocumentFormat, ExtractionLimits } from './types.js';

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

const mostPages = 20_000;

/** PDF files with text in them; of scanned pages only what a text recogniser has put there. */
export const pdf: DocumentFormat = {
  name: 'PDF',
  extensions: ['pdf'],
  compressed: true,
  magic: '%PDF-',
  async extract({ bytes }, limits) {
    checkStreams(bytes, limits);
    const document = await opened(bytes);
    try {
      if (document.numPages > mostPages) throw new Error(`it has ${document.numPages} pages`);
      const all = await runsOfPages(document, limits);
      const body = commonSize(all.flat());
      const words = wordsOfPages(all);
      const pages: number[] = [];
      let text = '';
      for (const runs of all) {
        if (text !== '') text += '\n\n';
        pages.push(text.length);
        text += textOfPage(runs, body, words);
        if (text.length > limits.maxBytes) throw new Error('its text is too long');
      }
      if (text.trim() === '')
        throw new Error('it has no text, only pictures of it; a text recogniser such as ocrmypdf adds the text');
      return { text, pages };
    } finally {
      await document.loadingTask.destroy();
    }
  },
};

async function opened(bytes: Buffer): Promise<PdfDocument> {
  const { getDocumentProxy } = await import('unpdf');
  try {
    return await getDocumentProxy(new Uint8Array(bytes), { isEvalSupported: false, verbosity: 0 });
  } catch (error) {
    const isLocked = error instanceof Error && error.name === 'PasswordException';
    throw new Error(isLocked ? 'it is encrypted' : `it is damaged: ${messageOf(error)}`, { cause: error });
  }
}

async function runsOfPages(document: PdfDocument, { signal }: ExtractionLimits): Promise<PageRun[][]> {
  const all: PageRun[][] = [];
  for (let number = 1; number <= document.numPages; number++) {
    signal.throwIfAborted();
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    const parts: readonly (PageRun | { readonly type: string })[] = items;
    all.push(parts.filter((part) => 'str' in part));
  }
  return all;
}

/**
 * Unpacks the packed parts of the file one after the other, since the library does so without a limit.
 * @throws Error where they are more than `maxBytes` together
 */
function checkStreams(bytes: Buffer, { maxBytes, signal }: ExtractionLimits): void {
  let size = 0;
  for (let at = bytes.indexOf('stream'); at !== -1; at = bytes.indexOf('stream', at + 6)) {
    signal.throwIfAborted();
    if (bytes.subarray(at - 3, at).equals(Buffer.from('end'))) continue;
    const start = at + 6 + (bytes[at + 6] === 0x0d ? 2 : 1);
    // The first byte of what zlib has packed.
    if (((bytes[start] ?? 0) & 0x0f) !== 8) continue;
    try {
      size += inflateSync(bytes.subarray(start), { maxOutputLength: maxBytes - size }).length;
    } catch (error) {
      if (error instanceof RangeError) throw new Error(`it unpacks to more than ${Math.round(maxBytes / 2 ** 20)} MB`);
      // Cut, or not packed so: the library copes, or says so.
    }
    if (size >= maxBytes) throw new Error(`it unpacks to more than ${Math.round(maxBytes / 2 ** 20)} MB`);
  }
}
