import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256Of } from './digest.js';
import { readJson, writeJson } from './json-file.js';
import { isUntouched } from './store.js';

/** Record beside a derived file. Its modification time says when the file was last used. */
const recordSchema = z.object({
  name: z.string(),
  source: z.object({ name: z.string(), path: z.string(), sha256: z.string().nullable() }),
  /** See `recipeText`. */
  recipe: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  /** Modification time of the derived file; with the size, it shows that the file was not touched since. */
  mtimeMs: z.number(),
  ctimeMs: z.number(),
  madeAt: z.string(),
});

export type DerivedRecord = z.infer<typeof recordSchema>;

export interface DerivedEntry extends DerivedRecord {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** A file that was used less than this ago is about to be loaded. */
const inUseMs = 60_000;
/** A file without a record that is older than this was left by a process that died. */
const abandonedMs = 3_600_000;

export function recordOf(path: string): string {
  return path.replace(/\.gguf$/u, '.json');
}

/**
 * The record of a file that is there and as it was made; else null. A file that was moved or copied, or whose rights
 * were changed, is hashed.
 */
async function readDerivedRecord(path: string): Promise<DerivedRecord | null> {
  const record = await readJson(recordOf(path), recordSchema);
  const stats = await statOf(path);
  if (record === null || stats === null || stats.size !== record.bytes) return null;
  if (isUntouched(stats, record)) return record;
  if ((await sha256Of(path)) !== record.sha256) return null;
  return { ...record, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs };
}

/** The record of a file, as above, which is marked as used now. */
export async function takeDerived(path: string): Promise<DerivedRecord | null> {
  const record = await readDerivedRecord(path);
  // Written anew for its time. In a cache that may not be written to nothing is evicted either.
  if (record !== null) await writeJson(recordOf(path), record).catch(() => undefined);
  return record;
}

/** All derived files that are whole, by name. */
export async function listDerived(folder: string): Promise<DerivedEntry[]> {
  const entries: DerivedEntry[] = [];
  for (const file of await filesIn(folder)) {
    if (!file.endsWith('.gguf')) continue;
    const path = join(folder, file);
    const record = await readDerivedRecord(path);
    const stats = await statOf(recordOf(path));
    if (record !== null && stats !== null) entries.push({ ...record, path, lastUsed: stats.mtimeMs });
  }
  return entries.sort(byName);
}

/** A derived file, and whether it has the digest that it was made with. */
export interface CheckedDerived extends DerivedEntry {
  readonly intact: boolean;
}

/** All derived files that have a record, by name, each of them hashed. */
export async function checkDerived(folder: string, signal?: AbortSignal): Promise<CheckedDerived[]> {
  const checked: CheckedDerived[] = [];
  for (const file of (await filesIn(folder)).filter((name) => name.endsWith('.gguf'))) {
    const path = join(folder, file);
    const record = await readJson(recordOf(path), recordSchema);
    const used = await statOf(recordOf(path));
    if (record === null || used === null) continue;
    const intact = (await sha256Of(path, signal)) === record.sha256;
    checked.push({ ...record, path, lastUsed: used.mtimeMs, intact });
  }
  return checked.sort(byName);
}

function byName(a: DerivedRecord, b: DerivedRecord): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Removes the derived files of that name (of whatever version of the source), damaged ones too, or all of them. Returns
 * how many.
 */
export async function removeDerived(folder: string, name: string | null): Promise<number> {
  let removed = 0;
  for (const file of await filesIn(folder)) {
    if (!file.endsWith('.gguf') || file.endsWith('.partial.gguf')) continue;
    const path = join(folder, file);
    if (name !== null && (await readJson(recordOf(path), recordSchema))?.name !== name) continue;
    await removeFile(path);
    removed++;
  }
  if (name === null) await rm(folder, { recursive: true, force: true });
  return removed;
}

/**
 * Removes what was not used for longest until the rest has at most `maxBytes`; never `keep`, nor what was used in
 * the last minute. Then what processes that died left behind.
 */
export async function evictDerived(
  folder: string,
  maxBytes: number,
  { keep, now }: { keep: string; now: number },
): Promise<void> {
  const entries = await listDerived(folder);
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of entries.sort((a, b) => a.lastUsed - b.lastUsed)) {
    if (total <= maxBytes) break;
    // Asked again: another process may just have found it.
    const used = (await statOf(recordOf(path)))?.mtimeMs ?? 0;
    if (path === keep || now - used < inUseMs) continue;
    await removeFile(path);
    total -= bytes;
  }
  const whole = new Set(entries.flatMap(({ path }) => [path, recordOf(path)]));
  for (const file of await filesIn(folder)) {
    const path = join(folder, file);
    const stats = await statOf(path);
    // Locks are folders.
    if (stats?.isFile() !== true || whole.has(path) || now - stats.mtimeMs < abandonedMs) continue;
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** The record first: what has none is not used. A file that is mapped cannot be removed on Windows; it stays. */
async function removeFile(path: string): Promise<void> {
  await rm(recordOf(path), { force: true });
  await rm(path, { force: true }).catch(() => undefined);
}

async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    // No cache, or none that can be read: the same as an empty one.
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(error.code ?? '')) return [];
    throw error;
  });
}

async function statOf(path: string) {
  return stat(path).catch(() => null);
}
