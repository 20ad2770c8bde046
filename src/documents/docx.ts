import { lazy } from '../lazy.js';
import { textOfMarkup } from './markup.js';
import type { DocumentFormat } from './types.js';
import { unzip } from './zip.js';

const mammoth = lazy<typeof import('mammoth')>('mammoth');

/** Word documents: paragraphs, headings by their styles, lists and tables; no headers, footers and comments. */
export const docx: DocumentFormat = {
  name: 'DOCX',
  extensions: ['docx'],
  async extract({ bytes }, limits) {
    const parts = await unzip(bytes, limits, (name) => name === 'word/document.xml');
    if (parts.size === 0) throw new Error('it is no Word document');
    const { value } = await mammoth().convertToHtml(
      { buffer: bytes },
      { convertImage: mammoth().images.imgElement(async () => ({ src: '' })), externalFileAccess: false },
    );
    return { text: await textOfMarkup(value) };
  },
};
