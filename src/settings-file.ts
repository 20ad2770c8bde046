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
