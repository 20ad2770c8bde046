import type { Trial } from '../methods/candidates/types.js';

/** A prefix of so many tokens makes a token after it twice as dear: it looks back at all of them. */
const doublingPrefix = 1500;

/**
 * The cost of a record: its tokens times the blocks of the model that they go through; 0 without a model. Seconds would
 * say the same with noise, and the choice would depend on them.
 */
export function costOf({ tokensPerRecord, prefixTokens, layers }: Trial): number {
  return tokensPerRecord * layers * (1 + prefixTokens / doublingPrefix);
}
