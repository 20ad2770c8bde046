import { messageOf } from './errors.js';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'a link that leads back to itself',
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EFBIG: 'the file may not become larger (ulimit -f, or the file system)',
  EROFS: 'the file system is read-only',
};

/** Why the system refuses a file or folder; it follows a colon: `"a.txt" cannot be read: permission denied`. */
export function refusalOf(error: unknown): string {
  return reasons[codeOf(error)] ?? messageOf(error);
}

/** Whether the rights to a file or folder are missing. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(codeOf(error));
}

/** Whether a folder takes no files: the rights are missing, or nobody may write there. */
export function isUnwritable(error: unknown): boolean {
  return isForbidden(error) || codeOf(error) === 'EROFS';
}

/** Whether there is no room for what is written. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

/** The code of an error of the system, such as ENOENT; empty for any other error. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}
