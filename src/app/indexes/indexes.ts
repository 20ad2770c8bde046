import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { findDocuments, type Skipped } from '../../documents/find.js';
import { skippedLines } from '../../documents/notices.js';
import { skippedFile } from '../../documents/read.js';
import { behind, contentsOf } from '../../documents/store/contents.js';
import { hasDatabase } from '../../documents/store/database.js';
import { failure, messageOf, usageError } from '../../errors.js';
import { shownPath } from '../../profile/paths.js';
import { documentsNamed } from '../opening/documents.js';
import { currentStore } from '../opening/kept-documents.js';
import { allStores, removeStore, storeFile, storesFolder } from '../opening/store-files.js';
import type { Surroundings } from '../surroundings.js';

/** An index of documents on this machine. */
export interface IndexStatus {
  /** Files and folders that it is about, absolute; empty where the file does not say. */
  readonly roots: readonly string[];
  readonly file: string;
  /** `outdated` where files have changed since, `unusable` where it will be made anew; why, in `problem`. */
  readonly state: 'current' | 'outdated' | 'unusable' | 'none';
  readonly problem?: string;
  readonly documents: number;
  readonly passages: number;
  /** Size of the documents. */
  readonly bytes: number;
  /** Size of the index. */
  readonly indexBytes: number;
  readonly unreadable: readonly Skipped[];
}

/**
 * Makes the index of files and folders, or brings it up to date.
 * @throws SlmError also where no document can be read, or one that was named cannot, as questions to them do
 */
export async function buildIndex(
  surroundings: Surroundings,
  named: readonly string[],
): Promise<IndexStatus & { readonly skipped: readonly Skipped[] }> {
  requireDatabase();
  refuseStandardInput(named);
  const set = documentsNamed(surroundings, named);
  const file = storeFile(surroundings, set.roots);
  const store = await currentStore(surroundings, set).catch((error: unknown) => {
    surroundings.signal.throwIfAborted();
    throw failure(`the index of ${named.join(', ')} cannot be made: ${messageOf(error)}`, undefined, error);
  });
  if (store === null) {
    const what = existsSync(file) ? 'the index in it cannot be brought up to date' : 'no index can be kept';
    throw failure(
      `the folder ${storesFolder(surroundings)} takes no files, so ${what}.`,
      'XDG_CACHE_HOME names another place for it.',
    );
  }
  store.close();
  const { problem: _, ...status } = statusOf(surroundings, file);
  const unreadable = new Map(status.unreadable.map(({ path: each, reason }) => [each, reason]));
  for (const each of set.files) {
    const reason = unreadable.get(each.path);
    if (reason !== undefined) skippedFile({ file: each, reason });
  }
  if (status.documents === 0) {
    const lines = skippedLines(status.unreadable, (each) => shownPath(each, surroundings.cwd));
    throw usageError(`no document can be read: ${lines.join('; ')}`);
  }
  return { ...status, state: 'current', skipped: set.skipped };
}

/** What is written to a process once is not there for the next question. */
function refuseStandardInput(named: readonly string[]): void {
  if (named.includes('-')) throw usageError('standard input has no index.', 'Name files and folders.');
}

/** The indexes of all documents, or the one of these files and folders. */
export function indexStatus(surroundings: Surroundings, named: readonly string[]): IndexStatus[] {
  requireDatabase();
  refuseStandardInput(named);
  const files = named.length === 0 ? allStores(surroundings) : [storeFile(surroundings, rootsOf(surroundings, named))];
  return files.map((file) => {
    const status = statusOf(surroundings, file);
    return status.state === 'none' ? { ...status, roots: rootsOf(surroundings, named) } : status;
  });
}

/**
 * Removes the index of files and folders, or all of them.
 * @returns the roots of those that were there
 * @throws SlmError where one is being written
 */
export function removeIndexes(surroundings: Surroundings, named: readonly string[]): string[][] {
  refuseStandardInput(named);
  const files = named.length === 0 ? allStores(surroundings) : [storeFile(surroundings, rootsOf(surroundings, named))];
  return files.filter(existsSync).map((file) => {
    const { roots } = statusOf(surroundings, file);
    removeStore(file, roots.join(', '));
    return [...roots];
  });
}

function requireDatabase(): void {
  if (hasDatabase()) return;
  throw failure(
    'the package libsql, which keeps the index, is not installed for this machine.',
    'Install slm again without `--omit=optional`; without it, documents are indexed in memory in each run.',
  );
}

function rootsOf({ cwd }: Surroundings, named: readonly string[]): string[] {
  return [...new Set(named.map((name) => path.resolve(cwd, name)))].sort();
}

function statusOf(surroundings: Surroundings, file: string): IndexStatus {
  const none = { roots: [], file, documents: 0, passages: 0, bytes: 0, indexBytes: 0, unreadable: [] };
  if (!existsSync(file)) return { ...none, state: 'none' };
  const indexBytes = statSync(file).size;
  try {
    const { version, ...contents } = contentsOf(file);
    const known = { file, indexBytes, ...contents };
    if (version !== surroundings.version)
      return { ...known, state: 'unusable', problem: `version ${version} of slm made it` };
    const changes = behind(file, filesNow(surroundings, contents.roots));
    if (changes === 0) return { ...known, state: 'current' };
    return { ...known, state: 'outdated', problem: `${changes} ${changes === 1 ? 'file has' : 'files have'} changed` };
  } catch (error) {
    return { ...none, indexBytes, state: 'unusable', problem: messageOf(error) };
  }
}

/** None where there are no documents any more. */
function filesNow({ cwd }: Surroundings, roots: readonly string[]): string[] {
  return [...new Set(roots.flatMap((root) => findDocuments(root, cwd).files))];
}
