import type { ReliabilityBin } from '../../../metrics/types.js';
import type { Pair } from '../../../types.js';
import { type TopLabel, topLabel } from './labels.js';

/** The usual number of bins since Guo et al. 2017. */
export const defaultBins = 15;

/**
 * Equal-width bins over the score of the top label, abstained records included: the reliability diagram of
 * M. DeGroot, S. Fienberg, "The Comparison and Evaluation of Forecasters", 1983, as Guo et al. 2017 draw it.
 */
export function reliability(pairs: readonly Pair[], bins = defaultBins): ReliabilityBin[] {
  return binTopLabels(
    pairs.map(topLabel).filter((top) => top !== null),
    bins,
  );
}

export function binTopLabels(tops: readonly TopLabel[], bins: number): ReliabilityBin[] {
  const n = new Float64Array(bins);
  const scores = new Float64Array(bins);
  const right = new Float64Array(bins);
  for (const top of tops) {
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(top.score * bins) - 1));
    n[bin] = (n[bin] as number) + 1;
    scores[bin] = (scores[bin] as number) + top.score;
    right[bin] = (right[bin] as number) + Number(top.right);
  }
  return Array.from({ length: bins }, (_, bin) => {
    const count = n[bin] as number;
    return {
      low: bin / bins,
      high: (bin + 1) / bins,
      n: count,
      confidence: count === 0 ? null : (scores[bin] as number) / count,
      accuracy: count === 0 ? null : (right[bin] as number) / count,
    };
  });
}
