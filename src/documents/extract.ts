import { messageOf, SlmError } from '../errors.js';
import { formatOf } from './formats.js';
import type { DocumentFile, ExtractedText, OnWarning } from './types.js';

/** A file, its text, and all that is unpacked for it: a shelf of books. */
export const maxDocumentBytes = 64 << 20;
const maxUnpackedBytes = 256 << 20;
const longestMs = 120_000;

/** A document that cannot be read; the message follows its name. */
export class UnreadableDocument extends Error {
  override readonly name = 'UnreadableDocument';
}

/**
 * The text of a file.
 * @throws UnreadableDocument
 */
export async function extractText(file: DocumentFile, onWarning: OnWarning): Promise<ExtractedText> {
  const format = formatOf(file);
  const limits = { maxBytes: maxUnpackedBytes, signal: AbortSignal.timeout(longestMs) };
  try {
    const extracted = await format.extract(file, limits, onWarning);
    return { ...extracted, text: extracted.text.toWellFormed() };
  } catch (error) {
    const reason = limits.signal.aborted ? `it takes more than ${longestMs / 1000} s` : reasonOf(error, file.name);
    throw new UnreadableDocument(reason, { cause: error });
  }
}

/** Messages of readers begin with the file's name, which is said anyway. */
function reasonOf(error: unknown, name: string): string {
  const message = messageOf(error);
  const rest = message.startsWith(`${name} `) ? `it ${message.slice(name.length + 1)}` : message;
  return error instanceof SlmError && error.hint !== undefined ? `${rest}. ${error.hint}` : rest;
}
