import { fstatSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { UsedFile } from '../../app/run/files-read.js';
import { usageError } from '../../errors.js';
import { shownPath } from '../../profile/paths.js';

/**
 * Refuses a command that would write over a file that it reads, or over another one that it writes, under whatever
 * names: links lead to the same device and inode, and so does standard input.
 * @param read files that the command reads; a function where finding them costs time, called only when needed
 * @throws SlmError of kind `usage`; nothing was written then
 */
export async function refuseOverwriting(
  cwd: string,
  written: readonly UsedFile[],
  read: readonly UsedFile[],
  more: () => Promise<readonly UsedFile[]> = async () => [],
): Promise<void> {
  const targets = new Map<string, UsedFile>();
  for (const file of written) {
    const identity = identityOf(cwd, file, 1);
    const other = identity === null ? undefined : targets.get(identity);
    if (other !== undefined) throw clash(cwd, file, other, 'would be written over each other');
    if (identity !== null) targets.set(identity, file);
  }
  // A file that does not exist yet cannot be lost.
  if (!written.some((file) => statOf(cwd, file, 1)?.isFile() === true)) return;
  for (const file of [...read, ...(await more())]) {
    const target = targets.get(identityOf(cwd, file, 0) ?? '');
    // A file with the same role is replaced on purpose: earlier tuned settings by the new ones.
    if (target !== undefined && target.what !== file.what) throw clash(cwd, target, file, 'would be lost');
  }
}

/** The place of results when no file is named. */
export const standardOutput = 'standard output';

/**
 * Refuses outputs that could not be written, before the work is done for them: a folder, or a file in a folder that is
 * not there. A misspelt folder is not made. Only results go to standard output by the name "-".
 * @throws SlmError of kind `usage`
 */
export function requireFolders(cwd: string, written: readonly UsedFile[]): void {
  for (const { path: file, what } of written) {
    if (file === '-' && what === standardOutput) continue;
    if (file === '-')
      throw usageError(
        `${what} cannot be written to standard output`,
        `Name a file. ${what === '--stats' ? 'Without a name, the statistics go to standard error.' : 'For one called "-", write ./-'}`,
      );
    if (statSync(path.resolve(cwd, file), { throwIfNoEntry: false })?.isDirectory() === true)
      throw usageError(`${what} ${file}: this is a folder`, 'Name a file in it.');
    const folder = path.dirname(path.resolve(cwd, file));
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) continue;
    throw usageError(
      `${what} ${file}: there is no folder "${shownPath(folder, cwd)}"`,
      'Make it, or name another file.',
    );
  }
}

function clash(cwd: string, target: UsedFile, other: UsedFile, consequence: string) {
  const shown = ({ path: file, what }: UsedFile, standard: string) =>
    file === '-' ? standard : `"${shownPath(path.resolve(cwd, file), cwd)}" (${what})`;
  return usageError(
    `${shown(target, standardOutput)} and ${shown(other, other.what)} are the same file, which ${consequence}`,
    'Name another output; nothing was written.',
  );
}

function statOf(cwd: string, { path: file }: UsedFile, descriptor: 0 | 1) {
  try {
    return file === '-' ? fstatSync(descriptor, { bigint: true }) : statSync(path.resolve(cwd, file), { bigint: true });
  } catch {
    return null;
  }
}

/** Null for what can be read and written at once: a terminal, a pipe, `/dev/null`. */
function identityOf(cwd: string, file: UsedFile, descriptor: 0 | 1): string | null {
  const stats = statOf(cwd, file, descriptor);
  if (stats !== null) return stats.isFile() ? `${stats.dev}:${stats.ino}` : null;
  if (file.path === '-') return null;
  const absolute = path.resolve(cwd, file.path);
  try {
    return path.join(realpathSync(path.dirname(absolute)), path.basename(absolute));
  } catch {
    return absolute;
  }
}
