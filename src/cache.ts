import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cache } from './methods/types.js';

/**
 * A cache of small JSON values, one file each. Reading a damaged or foreign file is a miss; failing to write is
 * not an error, since everything in a cache can be computed again.
 */
export function fileCache(directory: string): Cache {
  const fileOf = (key: string) =>
    path.join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  return {
    async get(key) {
      try {
        const stored = JSON.parse(await readFile(fileOf(key), 'utf8')) as { key?: unknown; value?: unknown };
        return stored.key === key ? stored.value : null;
      } catch {
        return null;
      }
    },
    async set(key, value) {
      try {
        await mkdir(directory, { recursive: true });
        const file = fileOf(key);
        const beside = `${file}.${process.pid}`;
        await writeFile(beside, JSON.stringify({ key, value }));
        await rename(beside, file);
      } catch {
        return;
      }
    },
  };
}

/** What a task folder brings along in `calibration.json`: constants for the models its author has measured. */
export function bundledCache(file: string, fallback: Cache): Cache {
  let entries: Promise<Record<string, unknown>> | null = null;
  const read = async () => {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  return {
    async get(key) {
      entries ??= read();
      return (await entries)[key] ?? fallback.get(key);
    },
    set: (key, value) => fallback.set(key, value),
  };
}
