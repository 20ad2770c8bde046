import path from 'node:path';
import { docx } from './docx.js';
import { epub } from './epub.js';
import { html } from './html.js';
import { pdf } from './pdf.js';
import { plainText } from './plain-text.js';
import type { DocumentFile, DocumentFormat } from './types.js';

/** Every format that documents are read from. */
const documentFormats: readonly DocumentFormat[] = [plainText, html, pdf, docx, epub];

/** The format by a file's suffix; null where no format has it. */
export function formatBySuffix(file: string): DocumentFormat | null {
  const suffix = path.extname(file).slice(1).toLowerCase();
  return documentFormats.find(({ extensions }) => extensions.includes(suffix)) ?? null;
}

/** The format of a file that somebody has named: by its suffix, else by its first bytes, else text. */
export function formatOf({ name, bytes }: DocumentFile): DocumentFormat {
  const begins = ({ magic }: DocumentFormat) =>
    magic !== undefined && bytes.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'));
  return formatBySuffix(name) ?? documentFormats.find(begins) ?? plainText;
}
