import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and those above it; one that is there is fine. Step by step, since Node's own way of making several
 * tries for ever where a file system refuses a name with ENOENT, as /proc does.
 * @param mode of each that is made
 * @throws the error of the system
 */
export function makeFolder(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    const above = path.dirname(folder);
    if (code !== 'ENOENT' || above === folder) throw error;
    makeFolder(above, mode);
    mkdirOnce(folder, mode);
  }
}

/** Another process may have been faster. */
function mkdirOnce(folder: string, mode: number): void {
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Returns whether a folder is there, or can be made with this mode, and takes files. */
export function takesFiles(folder: string, mode = 0o777): boolean {
  try {
    makeFolder(folder, mode);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns whether a folder takes files, or could be made: the nearest one above that is there takes some. Makes nothing. */
export function couldTakeFiles(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch (error) {
    const above = path.dirname(folder);
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && above !== folder && couldTakeFiles(above);
  }
}
