import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { formatBySuffix } from '../../documents/formats.js';
import type { NamedDocument } from '../../documents/read.js';
import { type Database, hasDatabase, removeDatabase } from '../../documents/store/database.js';
import { type DocumentsKept, documentsIn } from '../../documents/store/open.js';
import { isUnusable, openStore, type StoreOrigin } from '../../documents/store/schema.js';
import { differences, hasContentsOf } from '../../documents/store/update.js';
import { updateInProcess } from '../../documents/store/update-process.js';
import type { DocumentFormat } from '../../documents/types.js';
import { messageOf, SlmError } from '../../errors.js';
import { makeFolder, takesFiles } from '../../folders.js';
import { lockOutput } from '../../jobs/lock.js';
import { onceEach } from '../../lazy.js';
import { shownPath } from '../../profile/paths.js';
import { noticeMissingCache } from '../scratch.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';
import { tellingWarnings } from './document-warnings.js';
import { noteUse, removeUnused, storeFile, storeLock, storeName, storesFolder } from './store-files.js';

/** A set of documents: their files, and the names by which the user gave them. */
export interface DocumentSet {
  /** Absolute. */
  readonly roots: readonly string[];
  readonly files: readonly NamedDocument[];
}

/** Bytes of text from which an index on disk pays: reading and indexing it takes longer than opening it. */
const largeBytes = 256 << 10;

/** Bytes of text that a byte of a compressed file is taken for; deflate can make 1,032 of one. */
const unpacked = 32;

/** Whether documents are kept on disk with their index: they are many, or somebody has had an index made of them. */
export function isKept(surroundings: Surroundings, { roots, files }: DocumentSet): boolean {
  if (files.length === 0 || files.some((file) => file.path === '-')) return false;
  if (existsSync(storeFile(surroundings, roots))) return true;
  return areLarge(files);
}

/**
 * Whether files are so large that they are indexed in a file.
 * @param more bytes of text beside them
 */
export function areLarge(files: readonly NamedDocument[], more = 0): boolean {
  let bytes = more;
  for (const file of files) bytes += textBytes(formatBySuffix(file.path), sizeOf(file.path));
  return bytes >= largeBytes;
}

/**
 * Bytes of text that a file may have.
 * @param bytes of the file
 */
export function textBytes(format: DocumentFormat | null, bytes: number): number {
  return format?.compressed === true ? bytes * unpacked : bytes;
}

/** 0 where it is gone, or may not be looked at any more: why, is said when it is read. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/**
 * Documents with an index that is kept between runs: made where it is missing, and brought up to date. Null where it
 * cannot be: that is said once, and the documents are read into memory.
 */
export async function openKeptDocuments(surroundings: Surroundings, set: DocumentSet): Promise<DocumentsKept | null> {
  return openFrom(surroundings, set, async () => {
    const store = await currentStore(surroundings, set);
    if (store !== null) return store;
    if (takesFiles(cacheDirectory(surroundings))) tellUnwritable(surroundings);
    else noticeMissingCache(surroundings);
    return storeForThisRun(surroundings, set);
  });
}

/** The same with an index that goes with the process. */
export async function openDocumentsOnce(surroundings: Surroundings, set: DocumentSet): Promise<DocumentsKept | null> {
  return openFrom(surroundings, set, () => storeForThisRun(surroundings, set));
}

async function openFrom(
  surroundings: Surroundings,
  { files }: DocumentSet,
  open: () => Promise<Database>,
): Promise<DocumentsKept | null> {
  if (!hasDatabase()) {
    tellMissing(surroundings);
    return null;
  }
  try {
    return documentsIn(await open(), files);
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

/**
 * The index of these documents, as they are now. The caller closes it.
 * @returns null where it would have to be written, and the cache takes no files
 */
export async function currentStore(surroundings: Surroundings, set: DocumentSet): Promise<Database | null> {
  const file = storeFile(surroundings, set.roots);
  const folder = path.dirname(file);
  // Texts of documents are nobody else's business.
  const isWritable = takesFiles(path.dirname(folder)) && takesFiles(folder, 0o700);
  if (!isWritable) return fixedStore(surroundings, set, file);
  if (!existsSync(file)) removeUnused(surroundings);
  const store = await updated(surroundings, set, file);
  noteUse(surroundings, file);
  return store;
}

async function storeForThisRun(surroundings: Surroundings, set: DocumentSet): Promise<Database> {
  const folder = path.join(surroundings.scratch(), 'documents');
  makeFolder(folder, 0o700);
  return updated(surroundings, set, path.join(folder, storeName(set.roots)));
}

const tellUnwritable = onceEach((surroundings: Surroundings) =>
  surroundings.notice(
    `the folder ${storesFolder(surroundings)} takes no files, so documents are indexed for this run alone; set XDG_CACHE_HOME to another folder`,
  ),
);

/** A store that nobody can write to, such as in the image of a container; null where the documents are others by now. */
async function fixedStore(surroundings: Surroundings, set: DocumentSet, file: string): Promise<Database | null> {
  if (!existsSync(file)) return null;
  let store: Database;
  try {
    store = openStore(file, originOf(surroundings, set), { make: false });
  } catch {
    return null; // Another one is made for this run, which is said.
  }
  try {
    const { stale, gone } = differences(store, pathsOf(set));
    // Files that were copied with their index have other stamps.
    if (gone.length === 0 && (await hasContentsOf(store, stale))) return store;
  } catch (error) {
    store.close();
    throw error;
  }
  store.close();
  return null;
}

/** Brings a store up to date, if need be alone: other processes wait for it. */
async function updated(surroundings: Surroundings, set: DocumentSet, file: string): Promise<Database> {
  const origin = originOf(surroundings, set);
  if (existsSync(file)) {
    try {
      const store = openStore(file, origin, { make: false });
      const { stale, gone } = differences(store, pathsOf(set));
      if (stale.length + gone.length === 0) return store;
      store.close();
    } catch (error) {
      if (!isUnusable(error)) throw error;
    }
  }
  const lock = await lockWhenFree(surroundings, storeLock(file), set.roots);
  try {
    const problem = await update(surroundings, set, file);
    if (problem !== null) {
      surroundings.notice(`rebuilding the index of the documents: ${problem}`);
      removeDatabase(file);
      const another = await update(surroundings, set, file);
      if (another !== null) throw new Error(another);
    }
    return openStore(file, origin, { make: false });
  } finally {
    surroundings.preparing(null);
    lock.release();
  }
}

function originOf({ version }: Surroundings, { roots }: DocumentSet): StoreOrigin {
  return { roots, version };
}

function pathsOf({ files }: DocumentSet): string[] {
  return files.map((file) => file.path);
}

/** Gives the reason where the store has to be made anew. */
function update(surroundings: Surroundings, set: DocumentSet, file: string): Promise<string | null> {
  const task = { file, origin: originOf(surroundings, set), paths: pathsOf(set), date: surroundings.date() };
  const onProgress = (done: number, total: number) => {
    if (total < worthShowing) return;
    surroundings.preparing({ what: 'indexing', task: 'documents', model: null, done, total, items: 'files' });
  };
  return tellingWarnings(
    surroundings,
    (each) => shownPath(each, surroundings.cwd),
    (onWarning) => updateInProcess(task, { signal: surroundings.signal, onProgress, onWarning }),
  );
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
