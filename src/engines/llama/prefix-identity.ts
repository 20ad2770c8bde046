import { statSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Arithmetic } from './arithmetic.js';
import type { EngineOptions } from './options.js';
import { libraryVersion } from './patches/library.js';
import { type PrefixStore, prefixStore } from './prefix-store.js';

interface ContextShape {
  readonly contextSize: number;
  readonly threads: number;
  readonly arithmetic: Arithmetic;
}

/** The store of a model's prefixes for contexts of this shape; null where none is wanted. */
export function openPrefixStore(options: EngineOptions, context: ContextShape): PrefixStore | null {
  if (options.prefixes === undefined) return null;
  return prefixStore({ ...options.prefixes, identity: prefixIdentity(options, context) });
}

/**
 * Everything that the numbers of a state depend on, except its tokens. Machines may share a cache folder, and processors
 * of another kind run other code for the same model.
 */
function prefixIdentity(options: EngineOptions, context: ContextShape): unknown[] {
  return [
    1, // Layout of what we keep.
    libraryVersion(),
    modelIdentity(options),
    options.accelerator ?? 'cpu',
    process.platform,
    process.arch,
    cpus()[0]?.model ?? null,
    context.contextSize,
    context.threads,
    context.arithmetic,
  ];
}

/** Its digest; of a file that nobody has hashed, or that was derived, where it is, how large, and of what time. */
export function modelIdentity({ path, sha256, derived }: Pick<EngineOptions, 'path' | 'sha256' | 'derived'>): unknown {
  if (typeof sha256 === 'string' && derived !== true) return sha256;
  const { size, mtimeMs, ctimeMs } = statSync(path);
  return [path, size, mtimeMs, ctimeMs];
}
