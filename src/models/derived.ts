import { createHash } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, modelError, SlmError } from '../errors.js';
import { makeFolder } from '../folders.js';
import { writeDerived } from '../gguf/derive.js';
import { type Recipe, recipeName, recipeText } from '../gguf/recipe.js';
import { type DerivedRecord, evictDerived, recordOf, takeDerived } from './derived-store.js';
import { sha256Of } from './digest.js';
import { cacheRoom, fileError } from './disk.js';
import { writeJson } from './json-file.js';
import { withLock } from './lock.js';

/** Counts up when the same recipe leads to other bytes. */
const formatVersion = 1;

/** A model file that others are made from. */
export interface DerivedSource {
  readonly path: string;
  /** Null for a file that nobody hashed; path, size and time stand for it. */
  readonly sha256: string | null;
  /** Name for file names and messages. Defaults to the name of the file. */
  readonly name?: string;
}

export interface DerivedOptions {
  /** `$XDG_CACHE_HOME/slm`. */
  readonly cacheDir: string;
  /** All derived files together; the least recently used go first. Defaults to `defaultDerivedBytes`. */
  readonly maxBytes?: number;
  /** Milliseconds since 1970. */
  now(): number;
  /** Run on a new file before it counts; when it throws, there is no file. */
  readonly verify?: (path: string) => Promise<void>;
  /** Called when the file is not there yet and is going to be made, with its size. */
  readonly onMake?: (name: string, bytes: number) => void;
  readonly onNotice?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface DerivedModel {
  /** `gemma-3-270m+10l+latin`. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Whether it was made now. */
  readonly made: boolean;
}

/** 2 GiB: a dozen files of gemma-3-270m. */
const defaultDerivedBytes = 2 ** 31;

/**
 * The file that a recipe makes of a model, from the cache or made now: under another name, verified, renamed. Two
 * processes that want the same one make it once. A recipe that changes nothing gives the source itself.
 */
export async function derivedModel(
  source: DerivedSource,
  recipe: Recipe,
  options: DerivedOptions,
): Promise<DerivedModel> {
  const suffix = recipeName(recipe);
  const title = source.name ?? basename(source.path).replace(/\.gguf$/iu, '');
  if (suffix === '') {
    return { name: title, path: source.path, bytes: (await stat(source.path)).size, made: false };
  }
  const name = title + suffix;
  const folder = derivedFolder(options.cacheDir);
  const path = join(folder, `${await keyOf(source, recipe)}.gguf`);
  const found = await takeDerived(path);
  if (found !== null) return { name, path, bytes: found.bytes, made: false };
  try {
    makeFolder(folder);
    return await withLock(
      path,
      options.signal,
      () => options.onNotice?.(`Another process is making ${name}; waiting for it.`),
      async (signal) => {
        // Perhaps made while we waited.
        const now = await takeDerived(path);
        if (now !== null) return { name, path, bytes: now.bytes, made: false };
        const bytes = await make(source, recipe, { name, path }, options, signal);
        await evictDerived(folder, options.maxBytes ?? defaultDerivedBytes, { keep: path, now: options.now() });
        return { name, path, bytes, made: true };
      },
    );
  } catch (error) {
    throw fileError(error, folder, cacheRoom);
  }
}

export function derivedFolder(cacheDir: string): string {
  return join(cacheDir, 'derived');
}

/** Returns the size. */
async function make(
  source: DerivedSource,
  recipe: Recipe,
  { name, path }: { name: string; path: string },
  options: DerivedOptions,
  signal: AbortSignal,
): Promise<number> {
  const title = source.name ?? basename(source.path);
  // The lock allows one file of this key at a time, so the rest that a killed process left is overwritten.
  const partial = path.replace(/\.gguf$/u, '.partial.gguf');
  try {
    await writeDerived(source.path, partial, recipe, {
      source: source.sha256 === null ? title : `${title} sha256:${source.sha256}`,
      signal,
      onSize: (bytes) => options.onMake?.(name, bytes),
    });
    // Both read all of it, each with a processor of its own.
    const [sha256] = await Promise.all([sha256Of(partial, signal), verified(name, partial, options.verify)]);
    signal.throwIfAborted();
    await rename(partial, path);
    const { size, mtimeMs, ctimeMs } = await stat(path);
    await writeJson(recordOf(path), {
      name,
      source: { name: title, path: source.path, sha256: source.sha256 },
      recipe: recipeText(recipe),
      bytes: size,
      sha256,
      mtimeMs,
      ctimeMs,
      madeAt: new Date(options.now()).toISOString(),
    } satisfies DerivedRecord);
    return size;
  } finally {
    // Where the lock was lost, another process makes the same file under this name.
    const isLost = signal.aborted && options.signal?.aborted !== true;
    if (!isLost) await rm(partial, { force: true });
  }
}

async function verified(name: string, path: string, verify: DerivedOptions['verify']): Promise<void> {
  try {
    await verify?.(path);
  } catch (error) {
    throw modelError(
      `${name} was made, but did not pass its check: ${messageOf(error)}`,
      error instanceof SlmError ? error.hint : undefined,
      error,
    );
  }
}

/** 32 hex digits that change with the source, the recipe and the way files are written. */
async function keyOf(source: DerivedSource, recipe: Recipe): Promise<string> {
  const hash = createHash('sha256').update(`${formatVersion} ${recipeText(recipe)} `);
  if (source.sha256 !== null) hash.update(source.sha256);
  else {
    const { size, mtimeMs, ctimeMs } = await stat(source.path);
    hash.update(JSON.stringify([source.path, size, mtimeMs, ctimeMs]));
  }
  return hash.digest('hex').slice(0, 32);
}
