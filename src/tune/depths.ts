import type { TuneSession } from './types.js';

/** Blocks after which a head looks at the text, from shares of the model's; none twice, and no more than are allowed. */
export function blocksAt({ blocks, mostBlocks }: TuneSession, shares: readonly number[]): number[] {
  return [...new Set(shares.map((share) => Math.max(1, Math.min(mostBlocks, Math.round(blocks * share)))))];
}
