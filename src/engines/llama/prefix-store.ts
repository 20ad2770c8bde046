import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../folders.js';
import type { Token } from '../../types.js';

/**
 * Evaluated prefixes on disk, as llama.cpp writes them. A file is called `<key>-<digest>.state`: the key holds all
 * that a state depends on, and the digest is of the key and the content. So a file that is damaged, cut off or
 * another's is found out here: llama.cpp itself would take any, and may crash on the state of another model.
 */
export interface PrefixStore {
  /**
   * Brings `sequence` to the state after `prefix`: from its file, or by evaluating it, which makes the file. Slots
   * that need the same prefix at the same time wait for the first of them. Resolves to whether it was read.
   */
  enter(prefix: readonly Token[], sequence: StateSequence): Promise<boolean>;
}

/** An empty sequence of a context. */
export interface StateSequence {
  evaluate(): Promise<unknown>;
  /** False when the file does not lead to the prefix; the sequence is empty again then. */
  load(file: string): Promise<boolean>;
  save(file: string): Promise<unknown>;
}

export interface PrefixStoreOptions {
  readonly directory: string;
  /** Everything but the tokens that the numbers depend on: model, library, processor, shape of the context. */
  readonly identity: readonly unknown[];
  /** Milliseconds since 1970: when a file was last used. */
  readonly now: () => number;
  /** The files that were used longest ago are removed when all together are larger. Defaults to 512 MB. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 512 << 20;
/** Shorter prefixes are evaluated as quickly as they are read. */
const minTokens = 16;
/** Calibration evaluates many prefixes that no later run asks for; they must not drive out what is useful. */
const maxKept = 8;
/** Leftovers of processes that were killed while they wrote. */
const partialAgeMs = 60 * 60 * 1000;

export function prefixStore(options: PrefixStoreOptions): PrefixStore {
  const { directory, identity, now, maxBytes = defaultMaxBytes } = options;
  const underWay = new Map<string, Promise<void>>();
  let kept = 0;

  /** A cache that cannot be written to is no error. */
  async function keep(key: string, sequence: StateSequence): Promise<void> {
    try {
      await writeState(directory, key, (file) => sequence.save(file));
      await trim(directory, maxBytes, now());
    } catch {
      return;
    }
  }

  return {
    async enter(prefix, sequence) {
      if (prefix.length < minTokens) {
        await sequence.evaluate();
        return false;
      }
      const key = prefixKey(identity, prefix);
      let file = await findState(directory, key, now());
      if (file === null && underWay.has(key)) {
        await underWay.get(key);
        file = await findState(directory, key, now());
      }
      if (file !== null && (await sequence.load(file))) return true;
      if (kept >= maxKept || underWay.has(key)) {
        await sequence.evaluate();
        return false;
      }
      kept++;
      const evaluated = sequence.evaluate();
      underWay.set(
        key,
        evaluated.then(
          () => keep(key, sequence),
          () => undefined,
        ),
      );
      await evaluated;
      await underWay.get(key);
      return false;
    },
  };
}

/** The file of a key whose content is what was written; anything else of that key is removed. */
async function findState(directory: string, key: string, now: number): Promise<string | null> {
  try {
    for (const name of await readdir(directory)) {
      if (!name.startsWith(`${key}-`)) continue;
      const file = path.join(directory, name);
      if (stateName(key, await readFile(file)) !== name) await rm(file, { force: true });
      else {
        const time = new Date(now);
        await utimes(file, time, time);
        return file;
      }
    }
  } catch {
    return null; // Not there yet, or not readable: the same as empty.
  }
  return null;
}

/** Tokens are numbers in a list, so no two prefixes have the same text. */
export function prefixKey(identity: readonly unknown[], prefix: readonly Token[]): string {
  return createHash('sha256')
    .update(JSON.stringify([identity, prefix]))
    .digest('hex')
    .slice(0, 32);
}

function stateName(key: string, state: Uint8Array): string {
  const digest = createHash('sha256').update(key).update(state).digest('hex');
  return `${key}-${digest}.state`;
}

async function writeState(directory: string, key: string, write: (file: string) => Promise<unknown>): Promise<void> {
  makeFolder(directory, 0o700);
  const beside = path.join(directory, `${randomUUID()}.partial`);
  try {
    await write(beside);
    await rename(beside, path.join(directory, stateName(key, await readFile(beside))));
  } finally {
    await rm(beside, { force: true });
  }
}

/** Removes what was used longest ago until the rest is small enough, and old leftovers. */
async function trim(directory: string, maxBytes: number, now: number): Promise<void> {
  const names = await readdir(directory);
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name);
      const { size, mtimeMs } = await stat(file);
      return { file, size, mtimeMs };
    }),
  );
  files.sort((a, b) => b.mtimeMs - a.mtimeMs);
  let total = 0;
  for (const { file, size, mtimeMs } of files) {
    total += size;
    const abandoned = file.endsWith('.partial') && now - mtimeMs > partialAgeMs;
    if (abandoned || total > maxBytes) await rm(file, { force: true });
  }
}
