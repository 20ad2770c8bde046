import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { NamedDocument } from '../../documents/read.js';
import { type Database, hasDatabase, isDamage, removeDatabase } from '../../documents/store/database.js';
import { type DocumentsKept, documentsIn } from '../../documents/store/open.js';
import { ForeignStore, openStore, type StoreOrigin } from '../../documents/store/schema.js';
import { differences, updateStore } from '../../documents/store/update.js';
import { messageOf, SlmError } from '../../errors.js';
import { makeFolder, takesFiles } from '../../folders.js';
import { lockOutput } from '../../jobs/lock.js';
import { onceEach } from '../../lazy.js';
import { noticeMissingCache } from '../scratch.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/** A set of documents: their files, and the names by which the user gave them. */
export interface DocumentSet {
  /** Absolute. */
  readonly roots: readonly string[];
  readonly files: readonly NamedDocument[];
}

/** Bytes of files from which an index on disk pays: reading and indexing them takes longer than opening it. */
const largeBytes = 256 << 10;

/** Whether documents are kept on disk with their index: they are many, or somebody has had an index made of them. */
export function isKept(surroundings: Surroundings, { roots, files }: DocumentSet): boolean {
  if (files.length === 0 || files.some((file) => file.path === '-')) return false;
  if (existsSync(storeFile(surroundings, roots))) return true;
  let bytes = 0;
  for (const file of files) bytes += statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes >= largeBytes;
}

/** Where the indexes are. */
export function storesFolder(surroundings: Surroundings): string {
  return path.join(cacheDirectory(surroundings), 'documents');
}

/** The index of documents that are found in these places. */
export function storeFile(surroundings: Surroundings, roots: readonly string[]): string {
  return path.join(storesFolder(surroundings), storeName(roots));
}

function storeName(roots: readonly string[]): string {
  return `${createHash('sha256').update(JSON.stringify(roots)).digest('hex').slice(0, 16)}.db`;
}

/** The lock of an index that is written to. */
export function storeLock(file: string): string {
  return `${file}.lock`;
}

/**
 * Documents with an index that is kept between runs: made where it is missing, and brought up to date. Null where it
 * cannot be: that is said once, and the documents are read into memory.
 */
export async function openKeptDocuments(surroundings: Surroundings, set: DocumentSet): Promise<DocumentsKept | null> {
  if (!hasDatabase()) {
    tellMissing(surroundings);
    return null;
  }
  try {
    return documentsIn(await currentStore(surroundings, set), set.files);
  } catch (error) {
    surroundings.signal.throwIfAborted();
    if (error instanceof SlmError) throw error;
    surroundings.notice(
      `the index of the documents cannot be used (${messageOf(error)}), so they are read into memory`,
    );
    return null;
  }
}

const tellMissing = onceEach((surroundings: Surroundings) =>
  surroundings.notice(
    'the package libsql is not installed for this machine, so documents are read and indexed anew in each run, in memory',
  ),
);

/** The index of these documents, as they are now. The caller closes it. */
export async function currentStore(surroundings: Surroundings, set: DocumentSet): Promise<Database> {
  const folder = storesFolder(surroundings);
  // Texts of documents are nobody else's business.
  if (takesFiles(path.dirname(folder)) && takesFiles(folder, 0o700))
    return updated(surroundings, set, path.join(folder, storeName(set.roots)));
  noticeMissingCache(surroundings);
  const own = path.join(surroundings.scratch(), 'documents');
  makeFolder(own, 0o700);
  return updated(surroundings, set, path.join(own, storeName(set.roots)));
}

/** Brings a store up to date, if need be alone: other processes wait for it. */
async function updated(surroundings: Surroundings, set: DocumentSet, file: string): Promise<Database> {
  const origin = { roots: set.roots, version: surroundings.version };
  const paths = set.files.map((each) => each.path);
  if (existsSync(file)) {
    try {
      const store = openStore(file, origin, { make: false });
      const { stale, gone } = differences(store, paths);
      if (stale.length + gone.length === 0) return store;
      store.close();
    } catch (error) {
      if (!isUnusable(error)) throw error;
    }
  }
  const lock = await lockWhenFree(surroundings, storeLock(file), set.roots);
  try {
    return await update(surroundings, file, origin, paths).catch((error: unknown) => {
      if (!isUnusable(error)) throw error;
      surroundings.notice(`rebuilding the index of the documents: ${messageOf(error)}`);
      removeDatabase(file);
      return update(surroundings, file, origin, paths);
    });
  } finally {
    surroundings.preparing(null);
    lock.release();
  }
}

function isUnusable(error: unknown): boolean {
  return isDamage(error) || error instanceof ForeignStore;
}

async function update(
  surroundings: Surroundings,
  file: string,
  origin: StoreOrigin,
  paths: readonly string[],
): Promise<Database> {
  const store = openStore(file, origin, { make: true });
  try {
    await updateStore(store, differences(store, paths), {
      signal: surroundings.signal,
      date: surroundings.date,
      onProgress: (done, total) => {
        if (total < worthShowing) return;
        surroundings.preparing({ what: 'indexing', task: 'documents', model: null, done, total, items: 'files' });
      },
      onWarning: (message) => surroundings.notice(message),
    });
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Files; fewer are read before anybody wonders. */
const worthShowing = 20;

const pollMs = 200;

/** Waits for as long as a live process has the lock. */
async function lockWhenFree(surroundings: Surroundings, file: string, roots: readonly string[]) {
  for (let waited = false; ; waited = true) {
    try {
      return lockOutput(file, roots.join(', '));
    } catch (error) {
      if (!(error instanceof SlmError)) throw error;
      if (!waited) surroundings.notice('another process is indexing these documents; waiting for it');
      await wait(pollMs, undefined, { signal: surroundings.signal });
    }
  }
}
