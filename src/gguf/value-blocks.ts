import type { Recipe } from './recipe.js';
import type { GgufHeader } from './types.js';

/** Where llama.cpp keeps the values of one block. */
export interface ValuePlace {
  /**
   * Models with sliding windows have two caches: the first is that of blocks without a window. Hybrids have a state of
   * another form after the first. Others have one cache.
   */
  readonly cache: 'first' | 'last';
  /** The block's number among those of its cache. */
  readonly layer: number;
  /** The number of values of the block, counted from the first one. */
  readonly count: number;
  /** Whether each cell of the cache has a place in a picture, too. Default: no. */
  readonly pictured?: boolean;
}

/** The number of rows of `output.values` in each added block; empty for other outputs. */
export function valueBlockSizes(header: GgufHeader, { output }: Pick<Recipe, 'output'>): number[] {
  if (output === null || !('values' in output)) return [];
  const room = valuesOfBlock(header);
  const count = output.values.length;
  return Array.from({ length: Math.ceil(count / room) }, (_, i) => Math.min(room, count - i * room));
}

/** The blocks that look at other tokens and so have values, ascending: all but for hybrids. */
export function attentionBlocks(header: GgufHeader): number[] {
  const found = header.tensors.flatMap(({ name }) => /^blk\.(\d+)\.attn_output\.weight$/u.exec(name)?.[1] ?? []);
  return found.map(Number).sort((a, b) => a - b);
}

/** The block that those with values are made of: the last that is kept, where it has values, else the first that has. */
export function modelOfValueBlocks(header: GgufHeader, kept: number): number {
  const blocks = attentionBlocks(header);
  return blocks.includes(kept - 1) ? kept - 1 : (blocks[0] ?? kept - 1);
}

/** Values that a block has room for; 0 where its values cannot be found. */
export function valuesOfBlock(header: GgufHeader): number {
  const [block = 0] = attentionBlocks(header);
  const tensor = (part: string) => header.tensors.find(({ name }) => name === `blk.${block}.${part}.weight`);
  const rowsOf = (part: string) => tensor(part)?.shape[1] ?? 0;
  // One matrix for queries, keys and values: the queries are as many as the output reads, keys as many as values.
  const queries = tensor('attn_output')?.shape[0] ?? 0;
  const shared = (rowsOf('attn_qkv') - queries) / 2;
  return rowsOf('attn_v') || (Number.isInteger(shared) && shared > 0 ? shared : 0);
}
