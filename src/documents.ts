import { fileSource, readers, stdinSource } from './records/index.js';
import type { Document } from './types.js';

/** Documents are read whole; this is a book shelf. */
const maxDocumentBytes = 64 << 20;

/**
 * Reads documents to answer from, as text.
 * @param files paths; `-` is standard input
 * @param shownAs how a path shall stand in results
 */
export async function readDocuments(
  files: readonly string[],
  stdin: AsyncIterable<Uint8Array>,
  onWarning: (message: string) => void,
  shownAs: (file: string) => string = (file) => file,
): Promise<Document[]> {
  const documents: Document[] = [];
  for (const file of files) {
    const source = file === '-' ? stdinSource(stdin) : fileSource(file);
    for await (const row of readers.text.read(source, { maxRecordBytes: maxDocumentBytes, onWarning })) {
      if (row.error !== undefined) throw new Error(`${file}: ${row.error}`);
      documents.push({
        id: `${documents.length}/${shownAs(file)}`,
        source: shownAs(file),
        text: String(row.fields.text),
      });
    }
  }
  return documents;
}
