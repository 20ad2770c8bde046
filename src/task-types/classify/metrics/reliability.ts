import { binDecisions } from '../../../metrics/reliability.js';
import type { ReliabilityBin } from '../../../metrics/types.js';
import type { Pair } from '../../../types.js';
import { topLabel } from './labels.js';

/** Bins over the score of the top label, abstained records included. */
export function reliability(pairs: readonly Pair[], bins?: number): ReliabilityBin[] {
  return binDecisions(
    pairs.map(topLabel).filter((top) => top !== null),
    bins,
  );
}
