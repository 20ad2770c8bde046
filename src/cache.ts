import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from './folders.js';
import type { Cache } from './methods/types.js';
import { replaceUnsynced } from './replace-file.js';

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
        makeFolder(directory);
        await replaceUnsynced(fileOf(key), JSON.stringify({ key, value }));
      } catch {
        return;
      }
    },
  };
}

/**
 * Cache over `calibration.json` of a task folder: constants for the models that its author has prepared the task for,
 * so that nobody else has to wait. An entry is found only while nothing that it depends on has changed.
 */
export function bundledCache(file: string, fallback: Cache): Cache {
  let entries: Promise<Readonly<Record<string, unknown>>> | null = null;
  return {
    async get(key) {
      entries ??= readBundle(file);
      return (await entries)[key] ?? fallback.get(key);
    },
    set: (key, value) => fallback.set(key, value),
  };
}

/** Another cache, and what went through it, also where that cannot be written to. */
export function rememberingCache(below: Cache): Cache {
  const known = new Map<string, unknown>();
  return {
    get: async (key) => known.get(key) ?? below.get(key),
    async set(key, value) {
      known.set(key, value);
      await below.set(key, value);
    },
  };
}

/** Another cache, for work that must not begin to compute: what it does not know is an error. */
export function knowingCache(below: Cache): Cache {
  return {
    async get(key) {
      const value = await below.get(key);
      if (value === null || value === undefined) throw new NotKnown(key);
      return value;
    },
    set: (key, value) => below.set(key, value),
  };
}

/** Thrown where a `knowingCache` does not know. */
export class NotKnown extends Error {
  override readonly name = 'NotKnown';
}

/** Knows nothing, and keeps what is computed: for writing a bundle. */
export function recordingCache(): Cache & { readonly entries: Readonly<Record<string, unknown>> } {
  const entries: Record<string, unknown> = {};
  return {
    entries,
    get: async () => null,
    set: async (key, value) => {
      entries[key] = value;
    },
  };
}

/** The entries of a `calibration.json`; none where it is missing or damaged. */
export async function readBundle(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const stored: unknown = JSON.parse(await readFile(file, 'utf8'));
    return stored !== null && typeof stored === 'object' ? (stored as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
