import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { z } from 'zod';

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

/** Replaces a file in one step, so that nobody ever reads half of it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeFile(beside, `${JSON.stringify(value, null, 2)}\n`);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
