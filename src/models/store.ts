import { existsSync, type Stats, statSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { modelError } from '../errors.js';
import { makeFolder } from '../folders.js';
import { isUnwritable } from '../refusal.js';
import { sha256Of } from './digest.js';
import { readJson, writeJson } from './json-file.js';
import { withLock } from './lock.js';
import type { Manifest, ModelEvents } from './types.js';

/**
 * The record of an installed file. It stays when the model is removed: a model without a digest in its manifest must be
 * the same file next time.
 */
const recordSchema = z.object({
  sha256: z.string(),
  bytes: z.number(),
  /** Modification time of the file when it was hashed, ms. */
  mtimeMs: z.number(),
  /** Time of the last change of its content or its place, which no program can set: the sign that it was not touched. */
  ctimeMs: z.number().optional(),
  /** Label of the source; null for a file that somebody put there. */
  source: z.string().nullable(),
});

export type StoreRecord = z.infer<typeof recordSchema>;

function modelsFolder(dataDir: string): string {
  return join(dataDir, 'models');
}

export function modelPath(dataDir: string, name: string): string {
  return join(modelsFolder(dataDir), `${name}.gguf`);
}

function recordPath(dataDir: string, name: string): string {
  return join(modelsFolder(dataDir), `${name}.json`);
}

export function readRecord(dataDir: string, name: string): Promise<StoreRecord | null> {
  return readJson(recordPath(dataDir, name), recordSchema);
}

/** Size and time of the installed file, or null. */
export function installedStats(dataDir: string, name: string): Stats | null {
  const stats = statSync(modelPath(dataDir, name), { throwIfNoEntry: false });
  return stats?.isFile() ? stats : null;
}

/** Names of the model files in the store, sorted. */
export async function installedNames(dataDir: string): Promise<string[]> {
  const names = await readdir(modelsFolder(dataDir)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith('.gguf'))
    .map((name) => name.slice(0, -'.gguf'.length))
    .sort();
}

/** Digests that a file of this name may have; empty when any will do, and the first one counts from then on. */
export function acceptedDigests(manifest: Manifest | null, record: StoreRecord | null): string[] {
  const named = manifest === null ? [] : [manifest.sha256, ...manifest.sources.map((entry) => entry.sha256)];
  const digests = named.filter((digest) => digest !== null);
  return digests.length > 0 || record === null ? digests : [record.sha256];
}

/**
 * The digest of the installed file, after making sure that it is one of the accepted ones. Quick when size and
 * times are those of the record; else (or with `rehash`) `onHash` is called, the file is hashed and the record
 * renewed.
 */
export async function checkInstalled(
  dataDir: string,
  name: string,
  manifest: Manifest | null,
  options: { rehash?: boolean; signal?: AbortSignal; onHash?: () => void } = {},
): Promise<string> {
  const path = modelPath(dataDir, name);
  const stats = await stat(path);
  const record = await readRecord(dataDir, name);
  const untouched = record !== null && isUntouched(stats, record);
  const trusted = untouched && options.rehash !== true;
  if (!trusted) options.onHash?.();
  const sha256 = trusted ? record.sha256 : await sha256Of(path, options.signal);
  const accepted = acceptedDigests(manifest, record);
  if (accepted.length > 0 && !accepted.includes(sha256)) {
    throw modelError(
      `${path} is not the right file: its sha256 is ${sha256}, expected ${accepted.join(' or ')}.`,
      `Remove it with \`slm models rm ${name}\`; it is downloaded again when needed.`,
    );
  }
  if (!untouched) {
    await keepRecord(dataDir, name, {
      sha256,
      bytes: stats.size,
      mtimeMs: stats.mtimeMs,
      ctimeMs: stats.ctimeMs,
      source: record?.source ?? null,
    });
  }
  return sha256;
}

/** Returns whether a file is as it was when its record was made. */
export function isUntouched(
  stats: Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs'>,
  record: { readonly bytes: number; readonly mtimeMs: number; readonly ctimeMs?: number | undefined },
): boolean {
  return stats.size === record.bytes && stats.mtimeMs === record.mtimeMs && stats.ctimeMs === record.ctimeMs;
}

/** A store that may not be written to (installed for all users) is hashed anew each time. */
async function keepRecord(dataDir: string, name: string, record: StoreRecord): Promise<void> {
  try {
    await writeJson(recordPath(dataDir, name), record);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
  }
}

/** Moves a finished download to its place and records it. */
export async function install(
  dataDir: string,
  name: string,
  finished: string,
  known: { sha256: string; source: string },
): Promise<void> {
  makeFolder(modelsFolder(dataDir));
  const record = recordPath(dataDir, name);
  const { size, mtimeMs } = await stat(finished);
  await writeJson(record, { ...known, bytes: size, mtimeMs });
  await rename(finished, modelPath(dataDir, name));
  // Renaming counts as a change.
  const { ctimeMs } = await stat(modelPath(dataDir, name));
  await writeJson(record, { ...known, bytes: size, mtimeMs, ctimeMs });
}

/** What an interrupted download leaves for the next attempt, whether it is there or not. */
function leftoversOf(dataDir: string, name: string): string[] {
  return ['.partial', '.partial.json', '.partial.wheel'].map((suffix) => `${modelPath(dataDir, name)}${suffix}`);
}

/** Returns whether an interrupted download of a model has left something. */
export function hasLeftovers(dataDir: string, name: string): boolean {
  return leftoversOf(dataDir, name).some((path) => existsSync(path));
}

/**
 * Removes a model and what is left of its downloads; with `unpin`, also the record of its digest. Waits for a process that
 * is downloading it, which would lose its file otherwise.
 */
export async function removeModel(
  dataDir: string,
  name: string,
  { unpin, ...events }: { unpin: boolean } & Pick<ModelEvents, 'onNotice' | 'signal'>,
): Promise<void> {
  const onWait = () => events.onNotice?.(`Another process is downloading ${name}; waiting for it.`);
  await withLock(modelPath(dataDir, name), events.signal, onWait, async () => {
    for (const each of [modelPath(dataDir, name), ...leftoversOf(dataDir, name)])
      await rm(each, { recursive: true, force: true });
    if (unpin) await rm(recordPath(dataDir, name), { force: true });
  });
}
