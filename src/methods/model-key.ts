import { statSync } from 'node:fs';
import type { ModelInfo } from '../types.js';

type Known = { readonly model: Pick<ModelInfo, 'sha256' | 'path' | 'name'> };

/** What a model is told by where that is kept for long: its digest; of a file that nobody hashes, its place. */
export function lastingName({ model }: Known): string {
  return model.sha256 ?? model.path ?? model.name;
}

/** What keys of the cache name a model by: of a file that nobody hashes, also what tells it from another one in its place. */
export function modelKey(known: Known): string {
  const { sha256, path } = known.model;
  const stats = sha256 === null && path !== null ? statSync(path, { throwIfNoEntry: false }) : undefined;
  const stamp = stats === undefined ? [] : [stats.size, stats.mtimeMs, stats.ctimeMs];
  return [lastingName(known), ...stamp].join(' ');
}
