import type { Decision } from './best-f1.js';
import type { ReliabilityBin } from './types.js';

/** The usual number of bins since Guo et al. 2017. */
const defaultBins = 15;

/**
 * Equal-width bins over the score: the reliability diagram of M. DeGroot, S. Fienberg, "The Comparison and Evaluation
 * of Forecasters", 1983, as Guo et al. 2017 draw it.
 */
export function binDecisions(decisions: readonly Decision[], bins = defaultBins): ReliabilityBin[] {
  const n = new Float64Array(bins);
  const scores = new Float64Array(bins);
  const rights = new Float64Array(bins);
  for (const { score, right } of decisions) {
    const bin = binOf(score, bins);
    n[bin] = (n[bin] as number) + 1;
    scores[bin] = (scores[bin] as number) + score;
    rights[bin] = (rights[bin] as number) + Number(right);
  }
  return Array.from({ length: bins }, (_, bin) => {
    const count = n[bin] as number;
    return {
      low: bin / bins,
      high: (bin + 1) / bins,
      n: count,
      confidence: count === 0 ? null : (scores[bin] as number) / count,
      accuracy: count === 0 ? null : (rights[bin] as number) / count,
    };
  });
}

function binOf(score: number, bins: number): number {
  return Math.min(bins - 1, Math.max(0, Math.ceil(score * bins) - 1));
}

/**
 * Calibration error of right probabilities by chance alone, on average over draws of so many decisions: in each bin the
 * count of right ones is off by √(Σ p (1 − p)) as a standard deviation, and √(2 / π) of that in the mean (normal
 * approximation). With 100 records it is often 0.1.
 */
export function calibrationErrorByChance(decisions: readonly Decision[]): number {
  const variances = new Map<number, number>();
  for (const { score } of decisions) {
    const bin = binOf(score, defaultBins);
    variances.set(bin, (variances.get(bin) ?? 0) + score * (1 - score));
  }
  const sum = [...variances.values()].reduce((total, variance) => total + Math.sqrt(variance), 0);
  return (Math.sqrt(2 / Math.PI) * sum) / decisions.length;
}

/**
 * Expected calibration error: Σ over 15 equal-width bins of n_b / n · |accuracy_b − confidence_b|. C. Guo, G. Pleiss,
 * Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
 */
export function calibrationError(decisions: readonly Decision[]): number {
  let error = 0;
  for (const { n, accuracy, confidence } of binDecisions(decisions)) {
    if (accuracy !== null && confidence !== null) error += (n / decisions.length) * Math.abs(accuracy - confidence);
  }
  return error;
}
