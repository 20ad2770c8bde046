import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { replaceUnsynced } from '../replace-file.js';

/** Reads a small JSON file of ours; null when it is missing or is not what it should be (half-written, other version). */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== undefined && code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    return null;
  }
}

/** Writes one in one step, so that nobody ever reads half of it. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return replaceUnsynced(path, `${JSON.stringify(value, null, 2)}\n`);
}
