import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../folders.js';
import { cacheDirectory, type Surroundings } from '../surroundings.js';

/**
 * Which file a task was opened on the last time: the model itself or one derived from it. Only a hint for what to
 * begin loading; what is really needed is found out all the same, and another file is loaded then.
 */
export function hintedFile(surroundings: Surroundings, taskFile: string, modelFile: string): string | null {
  try {
    const file = readFileSync(hintPath(surroundings, taskFile, modelFile), 'utf8');
    return existsSync(file) ? file : null;
  } catch {
    return null;
  }
}

/** Keeps the hint for the next start. Where that cannot be, nothing is lost. */
export function keepHint(surroundings: Surroundings, taskFile: string, modelFile: string, used: string): void {
  if ((hintedFile(surroundings, taskFile, modelFile) ?? modelFile) === used) return;
  const target = hintPath(surroundings, taskFile, modelFile);
  try {
    makeFolder(path.dirname(target));
    writeFileSync(target, used);
  } catch {
    return;
  }
}

function hintPath(surroundings: Surroundings, taskFile: string, modelFile: string): string {
  const key = createHash('sha256').update(`${taskFile}\n${modelFile}`).digest('hex').slice(0, 32);
  return path.join(cacheDirectory(surroundings), 'starts', key);
}
