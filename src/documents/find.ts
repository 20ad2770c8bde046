import { existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { refusalOf } from '../refusal.js';
import { formatBySuffix } from './formats.js';

/** A file or folder that is not read, and why. */
export interface Skipped {
  readonly path: string;
  /** `hidden`, `no format for .png`, `permission denied` */
  readonly reason: string;
}

export interface FoundDocuments {
  /** Absolute, sorted by folder and name. */
  readonly files: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** How the reason of a file of an unknown kind begins; its suffix follows. */
export const noFormat = 'no format for ';

const suffixPattern = /^\*(\.[\w.]+)?$/u;

/** Whether an entry names the files of one folder: `notes/*.md`. */
export function isPattern(entry: string): boolean {
  return suffixPattern.test(path.basename(entry));
}

const mostFiles = 200_000;
const deepest = 64;
const notUtf8 = 'its name is not UTF-8';
const hidden = 'hidden';

/**
 * Files that an entry names: a file, whatever it is; all files of a folder and of the folders in it that are of a known
 * format; or those of `folder/*.ext`. None where there is no such file or folder; where the system refuses it, the entry
 * itself is what is skipped.
 */
export function findDocuments(entry: string, directory: string): FoundDocuments {
  const absolute = path.resolve(directory, entry);
  const pattern = suffixPattern.exec(path.basename(absolute));
  if (pattern !== null) return filesIn(path.dirname(absolute), pattern[1] ?? '');
  try {
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return filesBelow(absolute);
    if (stats !== undefined) return { files: [absolute], skipped: [] };
    // Node has put this character for bytes that it could not read, so there is no such file under this name.
    return { files: [], skipped: entry.includes('\uFFFD') ? [{ path: absolute, reason: notUtf8 }] : [] };
  } catch (error) {
    return { files: [], skipped: [{ path: absolute, reason: refusalOf(error) }] };
  }
}

/** The files of one folder whose names end so, those that are not hidden. */
function filesIn(folder: string, suffix: string): FoundDocuments {
  const files: string[] = [];
  const skipped: Skipped[] = [];
  const entries = existsSync(folder) ? entriesOf(folder) : [];
  if (typeof entries === 'string') return { files, skipped: [{ path: folder, reason: entries }] };
  for (const { name, isUtf8 } of entries) {
    if (!name.endsWith(suffix)) continue;
    const file = path.join(folder, name);
    // As for a shell: `*` is not to read `.env`.
    const stats = !isUtf8 ? notUtf8 : name.startsWith('.') ? hidden : statsOf(file);
    if (typeof stats === 'string') skipped.push({ path: file, reason: stats });
    else if (stats.isFile()) files.push(file);
  }
  return { files, skipped };
}

function filesBelow(top: string): FoundDocuments {
  const files: string[] = [];
  const skipped: Skipped[] = [];
  const seen = new Set<string>();
  const visit = (folder: string, depth: number): string | null => {
    const real = realPathOf(folder);
    if (seen.has(real)) return null; // A link to a folder above it.
    seen.add(real);
    const entries = entriesOf(folder);
    if (typeof entries === 'string') return entries;
    for (const { name, isUtf8 } of entries) {
      const file = path.join(folder, name);
      const reason = isUtf8 ? visitEntry(file, depth) : notUtf8;
      if (reason !== null) skipped.push({ path: file, reason });
    }
    return null;
  };
  const visitEntry = (file: string, depth: number): string | null => {
    if (path.basename(file).startsWith('.')) return hidden;
    if (files.length + skipped.length >= mostFiles) return `beyond the first ${mostFiles} files`;
    const stats = statsOf(file);
    if (typeof stats === 'string') return stats;
    if (stats.isDirectory()) {
      if (path.basename(file) === 'node_modules') return 'packages of a program';
      if (depth >= deepest) return `more than ${deepest} folders deep`;
      return visit(file, depth + 1);
    }
    if (!stats.isFile()) return 'no regular file';
    if (formatBySuffix(file) === null) return `${noFormat}${path.extname(file) || 'files without a suffix'}`;
    files.push(file);
    return null;
  };
  const reason = visit(top, 0);
  return { files, skipped: reason === null ? skipped : [{ path: top, reason }] };
}

interface Entry {
  readonly name: string;
  /** Otherwise `name` is only like the entry's own, and nothing can be opened by it. */
  readonly isUtf8: boolean;
}

/** Entries of a folder by name, or why it cannot be read. */
function entriesOf(folder: string): Entry[] | string {
  try {
    return readdirSync(folder, { encoding: 'buffer' })
      .map((bytes) => ({ name: bytes.toString(), isUtf8: Buffer.from(bytes.toString()).equals(bytes) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    return refusalOf(error);
  }
}

/** What an entry of a folder is, or why that cannot be told. */
function statsOf(file: string): Stats | string {
  try {
    return statSync(file, { throwIfNoEntry: false }) ?? 'a link to nothing';
  } catch (error) {
    return refusalOf(error);
  }
}

/** The path as it is, where the folders above may not be looked into. */
function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
