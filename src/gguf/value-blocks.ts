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

/** Values that a block has room for; 0 where its values cannot be found. */
export function valuesOfBlock(header: GgufHeader): number {
  const rowsOf = (part: string) => header.tensors.find(({ name }) => name === `blk.0.${part}.weight`)?.shape[1] ?? 0;
  // One matrix for queries, keys and values: the queries are as many as the output reads, keys as many as values.
  const queries = header.tensors.find(({ name }) => name === 'blk.0.attn_output.weight')?.shape[0] ?? 0;
  const shared = (rowsOf('attn_qkv') - queries) / 2;
  return rowsOf('attn_v') || (Number.isInteger(shared) && shared > 0 ? shared : 0);
}
