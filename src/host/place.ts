import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Where hosts of this user have their sockets. */
export interface HostPlace {
  /** `$XDG_RUNTIME_DIR`, or null where there is none. */
  readonly runtimeDir: string | null;
  readonly tempDir: string;
  readonly user: string;
}

const windows = process.platform === 'win32';
/** A longer path of a socket is cut off by some systems, and the socket stands elsewhere then: macOS takes 103 bytes. */
const maxPathBytes = 103;
const longestName = '0123456789abcdef.sock';
const pipes = '\\\\.\\pipe\\';

/**
 * The folder of the sockets. Made when `create` is set; null where it is missing, or where it is not a folder of
 * this user alone: in a shared `/tmp` somebody else may have made it first.
 */
export function socketFolder(place: HostPlace, create: boolean): string | null {
  const folder = folderName(place);
  if (windows || folder === null) return folder;
  if (create) {
    try {
      mkdirSync(folder, { mode: 0o700 });
      chmodSync(folder, 0o700); // Whatever the umask.
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return null;
    }
  }
  return isOurs(folder, 'folder') ? folder : null;
}

/** The folder of the sockets where there is something by its name, and `socketFolder` refuses it; else null. */
export function refusedFolder(place: HostPlace): string | null {
  const folder = folderName(place);
  if (windows || folder === null || !isThere(folder)) return null;
  return isOurs(folder, 'folder') ? null : folder;
}

function folderName(place: HostPlace): string | null {
  const own = `slm-${process.getuid?.() ?? place.user}`;
  const folders = [
    ...(place.runtimeDir === null ? [] : [path.join(place.runtimeDir, 'slm')]),
    path.join(place.tempDir, own),
    path.join('/tmp', own),
  ];
  if (windows) return folders[0] as string;
  return folders.find((each) => Buffer.byteLength(path.join(each, longestName)) <= maxPathBytes) ?? null;
}

/** Returns whether only this user can reach it: not a link, ours, and closed to everybody else. */
function isOurs(file: string, kind: 'folder' | 'socket'): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined || (kind === 'folder' ? !stats.isDirectory() : !stats.isSocket())) return false;
  return stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}

export function socketPath(folder: string, key: string, place: HostPlace): string {
  const name = key.slice(0, 16);
  return windows ? `${pipes}slm-${place.user}-${name}` : path.join(folder, `${name}.sock`);
}

/** Every socket of the folder, of live hosts and of dead ones. */
export function listSockets(folder: string, place: HostPlace): string[] {
  if (windows) {
    return readdirSync(pipes)
      .filter((name) => name.startsWith(`slm-${place.user}-`))
      .map((name) => pipes + name);
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sock'))
    .sort()
    .map((name) => path.join(folder, name));
}

/** Returns whether there is anything by this name. Of pipes, only connecting tells. */
export function isThere(file: string): boolean {
  return !windows && lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Returns whether this socket may be connected to. */
export function isTrusted(socket: string): boolean {
  return windows || isOurs(socket, 'socket');
}

/** Tells a socket from another one that is put in its place, also where the file system gives that the same inode. */
export function socketStamp(socket: string): string | null {
  if (windows) return null;
  const stats = lstatSync(socket, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : [stats.dev, stats.ino, stats.ctimeNs].join(' ');
}

/**
 * Removes a socket that a killed host has left.
 * @param stamp what it was before it was found dead: a new host may have put its own there since
 */
export function removeDead(socket: string, stamp: string | null): void {
  if (stamp !== null && socketStamp(socket) === stamp) rmSync(socket, { force: true });
}

/** Digest of everything that decides what a host computes. */
export function hostKey(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
