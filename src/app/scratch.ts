import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { failure } from '../errors.js';
import { takesFiles } from '../folders.js';
import { once, onceEach } from '../lazy.js';
import { cacheDirectory, type Surroundings } from './surroundings.js';

/**
 * A folder for `Surroundings.scratch`, made when it is first asked for.
 * @param temporary where folders for temporary files are
 * @param atEnd gets what removes it
 */
export function scratchFolder(temporary: string, atEnd: (remove: () => void) => void): () => string {
  return once(() => {
    try {
      const folder = mkdtempSync(path.join(temporary, 'slm-'));
      atEnd(() => rmSync(folder, { recursive: true, force: true }));
      return folder;
    } catch (error) {
      throw failure(
        `there is no folder for temporary files: ${temporary}`,
        'Set TMPDIR or XDG_CACHE_HOME to a folder that you can write to.',
        error,
      );
    }
  });
}

/** Says once that there is no cache, where there is none: the next run will have to wait again. */
export function noticeMissingCache(surroundings: Surroundings): void {
  if (!takesFiles(cacheDirectory(surroundings))) tell(surroundings);
}

const tell = onceEach((surroundings: Surroundings) =>
  surroundings.notice(
    `the cache folder ${cacheDirectory(surroundings)} cannot be written, so the next start has to prepare everything again; set XDG_CACHE_HOME to another folder`,
  ),
);
