import { messageOf } from '../errors.js';
import { lazy } from '../lazy.js';
import { textOfMarkup } from './markup.js';
import type { DocumentFormat } from './types.js';
import { unzip } from './zip.js';

const mammoth = lazy<typeof import('mammoth')>('mammoth');

/** Word documents: paragraphs, headings by their styles, lists and tables; no headers, footers and comments. */
export const docx: DocumentFormat = {
  name: 'DOCX',
  extensions: ['docx'],
  compressed: true,
  async extract({ bytes }, limits) {
    // For its limits; only the library knows where the text is.
    await unzip(bytes, limits, () => false);
    return { text: await textOfMarkup(await htmlOf(bytes)) };
  },
};

async function htmlOf(bytes: Buffer): Promise<string> {
  try {
    const { value } = await mammoth().convertToHtml(
      { buffer: bytes },
      { convertImage: mammoth().images.imgElement(async () => ({ src: '' })), externalFileAccess: false },
    );
    return value;
  } catch (error) {
    const isOther = /^Could not find/u.test(messageOf(error));
    throw isOther ? new Error('it is no Word document', { cause: error }) : error;
  }
}
