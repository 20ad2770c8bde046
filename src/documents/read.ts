import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, usageError } from '../errors.js';
import type { Document } from '../types.js';
import { extractText, maxDocumentBytes, UnreadableDocument } from './extract.js';
import type { Skipped } from './find.js';
import type { OnWarning } from './types.js';

/** A file to answer from. */
export interface NamedDocument {
  /** Absolute; `-` is standard input. */
  readonly path: string;
  /** How it stands in results. */
  readonly shown: string;
  /** Whether somebody asked for this very file: then it has to be read. Others are skipped where they cannot be. */
  readonly named: boolean;
}

export interface DocumentsRead {
  readonly documents: readonly Document[];
  readonly skipped: readonly Skipped[];
}

/**
 * Reads documents to answer from, as text.
 * @throws SlmError where one that was named cannot be read
 */
export async function readDocuments(
  files: readonly NamedDocument[],
  stdin: AsyncIterable<Uint8Array>,
  onWarning: OnWarning,
): Promise<DocumentsRead> {
  const documents: Document[] = [];
  const skipped: Skipped[] = [];
  for (const file of files) {
    try {
      const extracted = await extractText({ name: nameOf(file), bytes: await bytesOf(file, stdin) }, onWarning);
      if (extracted.text.trim() === '') throw new UnreadableDocument('it is empty');
      documents.push({ id: `${documents.length}/${file.shown}`, source: file.shown, ...extracted });
    } catch (error) {
      if (!(error instanceof UnreadableDocument)) throw error;
      skipped.push(skippedFile({ file, reason: error.message }));
    }
  }
  return { documents, skipped };
}

/**
 * A file that cannot be read, as one that is left out.
 * @throws SlmError where somebody has named it
 */
export function skippedFile({ file, reason }: { readonly file: NamedDocument; readonly reason: string }): Skipped {
  if (file.named) throw usageError(`${nameOf(file)} cannot be read: ${reason}`);
  return { path: file.shown, reason };
}

function nameOf({ shown }: NamedDocument): string {
  return shown === '-' ? 'standard input' : shown;
}

function bytesOf(file: NamedDocument, stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return file.path === '-' ? bytesOfStream(stdin) : bytesOfFile(file.path);
}

/**
 * All bytes of a file.
 * @throws UnreadableDocument
 */
export function bytesOfFile(file: string): Promise<Buffer> {
  return bytesOfStream(createReadStream(resolve(file)));
}

/**
 * All bytes of a stream, of which there may be no end.
 * @throws UnreadableDocument
 */
export async function bytesOfStream(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += (chunk as Uint8Array).length;
      if (size > maxDocumentBytes) throw new UnreadableDocument(`it has more than ${maxDocumentBytes >> 20} MB`);
      chunks.push(chunk as Uint8Array);
    }
  } catch (error) {
    if (error instanceof UnreadableDocument) throw error;
    throw new UnreadableDocument(messageOf(error), { cause: error });
  }
  return Buffer.concat(chunks);
}
