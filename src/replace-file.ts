import { randomUUID } from 'node:crypto';
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes a file in one step: whoever reads it, and whenever this process is killed, it is the old one or the new one,
 * whole, also after a power cut. It keeps its rights. Where the name is a link, the file that it leads to is replaced.
 * @throws the error of the system; nothing is left beside the file then
 */
export function replaceFile(file: string, content: string | Uint8Array): void {
  const before = statSync(file, { throwIfNoEntry: false });
  const target = before === undefined ? file : realpathSync(file);
  const beside = `${target}.${randomUUID().slice(0, 8)}.new`;
  try {
    writeFileSync(beside, content, { flush: true, ...(before === undefined ? {} : { mode: before.mode }) });
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/**
 * The same for files that can be made again, without waiting for the disk: after a power cut the file may be empty, so
 * whoever reads it checks it. A link is itself replaced.
 */
export async function replaceUnsynced(file: string, content: string): Promise<void> {
  const beside = `${file}.${randomUUID().slice(0, 8)}.new`;
  try {
    await writeFile(beside, content);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
