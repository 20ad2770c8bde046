import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { UnreadableDocument } from '../../documents/extract.js';
import { formatOf } from '../../documents/formats.js';
import { bytesOfStream, type NamedDocument, skippedFile } from '../../documents/read.js';
import { hasDatabase } from '../../documents/store/database.js';
import type { Surroundings } from '../surroundings.js';
import { areLarge, textBytes } from './kept-documents.js';

/** Documents of which one is standard input. */
export interface PipedDocuments {
  readonly files: readonly NamedDocument[];
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Whether standard input is in a file by now. */
  readonly isFile: boolean;
}

/**
 * Reads the standard input among documents. If it is much, with the others, it becomes a file of this run: indexing it
 * in memory would keep the process busy for seconds, deaf to signals.
 * @throws SlmError where it cannot be read
 */
export async function readPiped(surroundings: Surroundings, files: readonly NamedDocument[]): Promise<PipedDocuments> {
  const { stdin } = surroundings;
  const piped = files.find((file) => file.path === '-');
  if (piped === undefined || !hasDatabase()) return { files, stdin, isFile: false };
  const bytes = await bytesOfStream(stdin).catch((error: unknown) => {
    if (error instanceof UnreadableDocument) skippedFile({ file: piped, reason: error.message });
    throw error;
  });
  const others = files.filter((file) => file !== piped);
  const format = formatOf({ name: '', bytes });
  if (!areLarge(others, textBytes(format, bytes.length))) return { files, stdin: streamOf(bytes), isFile: false };
  const file = path.join(surroundings.scratch(), 'standard-input');
  writeFileSync(file, bytes);
  return { files: files.map((each) => (each === piped ? { ...piped, path: file } : each)), stdin, isFile: true };
}

async function* streamOf(bytes: Buffer): AsyncIterable<Uint8Array> {
  yield bytes;
}
