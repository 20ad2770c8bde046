import type { TuneSession } from './types.js';

/** Blocks after which a head looks at the text, from a share of the model's; no more than are allowed. */
export function blocksAt({ blocks, mostBlocks }: TuneSession, share: number): number {
  return Math.max(1, Math.min(mostBlocks, Math.round(blocks * share)));
}
