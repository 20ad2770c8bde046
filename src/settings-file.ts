import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { messageOf, SlmError, usageError } from './errors.js';

/** Files that people write: tasks, schemas, grammars, settings. */
const maxSettingsBytes = 1 << 20;

/**
 * Reads a whole file that is small by its nature. A device, a pipe or an endless file would be read for ever, so only
 * regular files up to the limit are opened.
 * @param shown the path as it stands in messages
 * @throws SlmError
 */
export function readSettings(file: string, shown: string, maxBytes = maxSettingsBytes): Buffer {
  let size: number;
  try {
    size = regularFile(file, shown);
    if (size <= maxBytes) return readFileSync(file);
  } catch (error) {
    if (error instanceof SlmError) throw error;
    throw usageError(`${shown} cannot be read: ${messageOf(error)}`, undefined, error);
  }
  throw usageError(
    `${shown} has ${mebibytes(size)} MiB; the limit is ${mebibytes(maxBytes)} MiB.`,
    'docs/tasks.md lists the limits.',
  );
}

/**
 * The text of such a file, without its byte order mark. Editors of Windows write UTF-16 with one, too. Bytes of another
 * encoding would become other names of labels and fields without a word.
 * @throws SlmError that names the line where it is no text
 */
export function readSettingsText(file: string, shown: string, maxBytes?: number): string {
  const bytes = readSettings(file, shown, maxBytes);
  const wide = { fffe: 'utf-16le', feff: 'utf-16be' }[bytes.toString('hex', 0, 2)];
  if (wide === undefined && !isUtf8(bytes))
    throw usageError(`${shown}:${lineOfDamage(bytes)}: not valid text here.`, 'Save the file as UTF-8.');
  return new TextDecoder(wide).decode(bytes);
}

/** The first line that is not UTF-8. No character of several bytes has a line end among them. */
function lineOfDamage(bytes: Buffer): number {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf('\n'); end !== -1 && isUtf8(bytes.subarray(start, end)); line++) {
    start = end + 1;
    end = bytes.indexOf('\n', start);
  }
  return line;
}

/**
 * The size of a regular file, in bytes.
 * @throws SlmError when it is something else
 */
export function regularFile(file: string, shown: string): number {
  const stats = statSync(file);
  if (stats.isFile()) return stats.size;
  throw usageError(
    `${shown} is ${stats.isDirectory() ? 'a folder' : 'not a regular file (a pipe or a device)'}.`,
    'Name a file on disk.',
  );
}

function mebibytes(bytes: number): number {
  return Number((bytes / 2 ** 20).toFixed(1));
}
