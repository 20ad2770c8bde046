import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { formatBySuffix } from './formats.js';

/** A file that is not read, and why. */
export interface Skipped {
  readonly path: string;
  /** `hidden`, `no format for .png` */
  readonly reason: string;
}

export interface FoundDocuments {
  /** Absolute, sorted by folder and name. */
  readonly files: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** How the reason of a file of an unknown kind begins; its suffix follows. */
export const noFormat = 'no format for ';

const mostFiles = 200_000;
const deepest = 64;

/**
 * Files that an entry names: a file, whatever it is; all files of a folder and of the folders in it that are of a known
 * format; or those of `folder/*.ext`. None where there is no such file or folder.
 */
export function findDocuments(entry: string, directory: string): FoundDocuments {
  const absolute = path.resolve(directory, entry);
  const pattern = /^\*(\.[\w.]+)?$/u.exec(path.basename(absolute));
  if (pattern !== null) {
    const names = entriesOf(path.dirname(absolute)).filter(({ name }) => name.endsWith(pattern[1] ?? ''));
    const files = names.map(({ name }) => path.join(path.dirname(absolute), name)).filter(isFile);
    return { files, skipped: [] };
  }
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) return { files: [], skipped: [] };
  return stats.isDirectory() ? filesBelow(absolute) : { files: [absolute], skipped: [] };
}

function filesBelow(top: string): FoundDocuments {
  const files: string[] = [];
  const skipped: Skipped[] = [];
  const seen = new Set<string>();
  const visit = (folder: string, depth: number): void => {
    const real = realpathSync(folder);
    if (seen.has(real)) return; // A link to a folder above it.
    seen.add(real);
    for (const { name } of entriesOf(folder)) {
      const file = path.join(folder, name);
      const reason = visitEntry(file, depth);
      if (reason !== null) skipped.push({ path: file, reason });
    }
  };
  const visitEntry = (file: string, depth: number): string | null => {
    if (path.basename(file).startsWith('.')) return 'hidden';
    if (files.length + skipped.length >= mostFiles) return `beyond the first ${mostFiles} files`;
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return 'a link to nothing';
    if (stats.isDirectory()) {
      if (path.basename(file) === 'node_modules') return 'packages of a program';
      if (depth >= deepest) return `more than ${deepest} folders deep`;
      visit(file, depth + 1);
      return null;
    }
    if (!stats.isFile()) return 'no regular file';
    if (formatBySuffix(file) === null) return `${noFormat}${path.extname(file) || 'files without a suffix'}`;
    files.push(file);
    return null;
  };
  visit(top, 0);
  return { files, skipped };
}

/** Entries of a folder by name; none where it cannot be read. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
