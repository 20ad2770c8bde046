import { readers } from '../records/index.js';
import type { DocumentFile, DocumentFormat, ExtractionLimits } from './types.js';

/** Text and light markup, in whatever encoding can be told. */
export const plainText: DocumentFormat = {
  name: 'text',
  extensions: ['md', 'markdown', 'txt', 'text', 'rst', 'adoc', 'org'],
  extract: async (file, limits, onWarning) => ({ text: await decodedText(file, limits, onWarning) }),
};

/** The bytes of a file as text, as the text reader has it. */
export async function decodedText(
  { name, bytes }: DocumentFile,
  { maxBytes }: ExtractionLimits,
  onWarning: (message: string) => void,
  encoding?: string,
): Promise<string> {
  const source = {
    file: name,
    async *open() {
      yield bytes;
    },
  };
  const options = { maxRecordBytes: maxBytes, onWarning, ...(encoding === undefined ? {} : { encoding }) };
  let text = '';
  for await (const row of readers.text.read(source, options)) {
    if (row.error !== undefined) throw new Error(row.error);
    text = String(row.fields.text);
  }
  return text;
}
