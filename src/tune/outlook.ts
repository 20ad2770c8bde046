import type { Trial } from '../methods/candidates/types.js';
import { pairedDifference } from '../metrics/significance.js';
import type { Metric, PreparedMetric } from '../metrics/types.js';
import type { Example, Output, TaskProfile } from '../types.js';
import { prepare } from './measure.js';
import { errorsToBeat, shareWithin } from './select.js';

/**
 * Whether a candidate may still turn out clearly better than a cheap one, measured on the same examples, once both are
 * measured on `total` examples: if its lead, `hope` standard errors larger than measured, is what `select` asks for there.
 * The standard error falls with the square root of the examples.
 * @param hope in standard errors of the difference
 */
export function mayBecomeBetter(
  profile: TaskProfile,
  candidate: Trial,
  cheap: Trial,
  { metrics, total, hope, seed }: { metrics: readonly Metric[]; total: number; hope: number; seed: number },
): boolean {
  return metrics.some((metric) => {
    const preparedOf = ({ outputs, examples }: { outputs: readonly Output[]; examples: readonly Example[] }) =>
      prepare(profile, examples, outputs, metric);
    const sides: [PreparedMetric, PreparedMetric] = [preparedOf(candidate), preparedOf(cheap)];
    const [first, second] = metric.better === 'lower' ? sides.toReversed() : sides;
    const found = pairedDifference(first as PreparedMetric, second as PreparedMetric, {
      seed,
      resamples: 300,
      level: shareWithin[1],
    });
    if (found === null) return true;
    const { difference, interval } = found;
    const error = (interval.high - interval.low) / 2;
    const needed = errorsToBeat(candidate, cheap) * error * Math.sqrt(candidate.n / total);
    return difference + hope * error > needed;
  });
}
