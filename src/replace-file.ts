import { randomUUID } from 'node:crypto';
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Writes a file in one step: whoever reads it, and whenever this process is killed, it is the old one or the new one,
 * whole. Where the name is a link, the file that it leads to is replaced.
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
