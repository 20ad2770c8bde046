import { statfs } from 'node:fs/promises';
import { modelError, SlmError } from '../errors.js';
import { codeOf, isFull, isUnwritable, refusalOf } from '../refusal.js';

/** Room that stays free beside the model, bytes. */
const margin = 16_000_000;

/** Advice where there is no room for a file, or no right to write it. */
export interface Room {
  readonly free: string;
  /** Environment variable that moves the folder. */
  readonly variable: string;
}

const dataRoom: Room = { free: '`slm models rm NAME` removes a model', variable: 'XDG_DATA_HOME' };
export const cacheRoom: Room = { free: '`slm models rm --derived` removes derived files', variable: 'XDG_CACHE_HOME' };

/** Throws when `folder` (which exists) has no room for `bytes` more. */
export async function checkFreeSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes + margin > free) throw diskFull(folder, `needs ${megabytes(bytes)}, ${megabytes(free)} are free`);
}

export function diskFull(folder: string, detail?: string, room = dataRoom): SlmError {
  return modelError(
    `Not enough disk space in ${folder}${detail === undefined ? '' : `: ${detail}`}.`,
    `Free some space (${room.free}) or set ${room.variable} to a folder on another disk.`,
    { code: 'ENOSPC' },
  );
}

/** Returns whether an error says that a file has no room: another one of the same size would have none either. */
export function isDiskFull({ cause }: SlmError): boolean {
  return ['ENOSPC', 'EFBIG'].includes((cause as { code?: string } | undefined)?.code ?? '');
}

/** A failed file operation as an error for the user; SlmErrors pass through. */
export function fileError(error: unknown, folder: string, room = dataRoom): unknown {
  if (error instanceof SlmError) return error;
  if (isFull(error)) return diskFull(folder, undefined, room);
  // A limit of the process, or of the file system: FAT32 takes no file of 4 GiB.
  if (codeOf(error) === 'EFBIG') {
    return modelError(
      `Cannot write in ${folder}: ${refusalOf(error)}.`,
      `Raise the limit, or set ${room.variable} to a folder on a disk that takes larger files.`,
      error,
    );
  }
  if (isUnwritable(error)) {
    return modelError(
      `Cannot write in ${folder}: ${refusalOf(error)}.`,
      `Set ${room.variable} to a folder that you can write to.`,
      error,
    );
  }
  return error;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
}
