import type { Trial } from '../methods/candidates/types.js';
import type { Metric } from '../metrics/types.js';
import type { TaskProfile } from '../types.js';
import { errorsToBeat, leadOf, shareWithin } from './select.js';

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
    const sides = [candidate.outputs, cheap.outputs] as const;
    const found = leadOf(profile, candidate.examples, sides, metric, { seed, level: shareWithin[1] });
    if (found === null) return true;
    const { difference, interval } = found;
    const error = (interval.high - interval.low) / 2;
    const needed = errorsToBeat(candidate, cheap) * error * Math.sqrt(candidate.n / total);
    return difference + hope * error > needed;
  });
}
