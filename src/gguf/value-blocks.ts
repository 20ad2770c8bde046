import type { Recipe } from './recipe.js';
import type { GgufHeader } from './types.js';

/** Where llama.cpp keeps the values of one block. */
export interface ValuePlace {
  /** Models with sliding windows have two caches: the first is that of blocks without a window. Others have one. */
  readonly cache: 'first' | 'last';
  /** The block's number among those of its cache. */
  readonly layer: number;
  /** The number of values of the block, counted from the first one. */
  readonly count: number;
}

/** The number of rows of `output.values` in each added block; empty for other outputs. */
export function valueBlockSizes(header: GgufHeader, { output }: Pick<Recipe, 'output'>): number[] {
  if (output === null || !('values' in output)) return [];
  const room = valuesOfBlock(header);
  const count = output.values.length;
  return Array.from({ length: Math.ceil(count / room) }, (_, i) => Math.min(room, count - i * room));
}

/** Values that a block has room for; 0 where blocks have no value matrix of their own. */
export function valuesOfBlock(header: GgufHeader): number {
  return header.tensors.find(({ name }) => name === 'blk.0.attn_v.weight')?.shape[1] ?? 0;
}
