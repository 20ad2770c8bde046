import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { removeDatabase } from '../../documents/store/database.js';
import { lockOutput } from '../../jobs/lock.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** Where the indexes are. */
export function storesFolder(surroundings: Surroundings): string {
  return path.join(cacheDirectory(surroundings), 'documents');
}

/** The index of documents that are found in these places. */
export function storeFile(surroundings: Surroundings, roots: readonly string[]): string {
  return path.join(storesFolder(surroundings), storeName(roots));
}

/** The file's name alone. */
export function storeName(roots: readonly string[]): string {
  return `${createHash('sha256').update(JSON.stringify(roots)).digest('hex').slice(0, 16)}.db`;
}

/** The lock of an index that is written to. */
export function storeLock(file: string): string {
  return `${file}.lock`;
}

/** Every index on this machine. */
export function allStores(surroundings: Surroundings): string[] {
  const folder = storesFolder(surroundings);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.db'))
    .sort()
    .map((name) => path.join(folder, name));
}

/**
 * Removes an index.
 * @param shown its documents, for messages
 * @throws SlmError where it is being written
 */
export function removeStore(file: string, shown: string): void {
  const lock = lockOutput(storeLock(file), shown);
  try {
    removeDatabase(file);
  } finally {
    lock.release();
  }
}

const dayMs = 86_400_000;
const unusedDays = 90;

/** Notes, as the time of the file, that an index is used. */
export function noteUse({ date }: Surroundings, file: string): void {
  try {
    const now = date();
    if (statSync(file).mtimeMs < now - dayMs) utimesSync(file, now / 1000, now / 1000);
  } catch {
    // Nobody may write to it, so nobody here removes it either.
  }
}

/**
 * Removes indexes that were not used for 90 days, and says so: a shell makes another set of documents of `notes/*.md`
 * with each new note, and each set has an index of its own.
 */
export function removeUnused(surroundings: Surroundings): void {
  const oldest = surroundings.date() - unusedDays * dayMs;
  let removed = 0;
  for (const file of allStores(surroundings)) {
    try {
      if (statSync(file).mtimeMs >= oldest) continue;
      removeStore(file, file);
      removed++;
    } catch {
      // Somebody writes to it, or it is gone: it is not unused.
    }
  }
  if (removed === 0) return;
  const what = removed === 1 ? 'an index of documents that was' : `${removed} indexes of documents that were`;
  surroundings.notice(`removed ${what} not used for ${unusedDays} days`);
}
