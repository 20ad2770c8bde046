import { createRandom } from '../random.js';
import type { PreparedMetric } from './types.js';

export interface BootstrapOptions {
  readonly seed: number;
  /** Defaults to 1,000. */
  readonly resamples?: number;
  /** Defaults to 0.95. */
  readonly level?: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
  readonly resamples: number;
}

/**
 * Percentile bootstrap intervals: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
 * Items are drawn with replacement, the same draw for every metric, all of which must come from the same pairs.
 * Draws for which a metric is undefined are left out; null where it never is defined.
 */
export function bootstrapIntervals(
  metrics: readonly PreparedMetric[],
  { seed, resamples = 1000, level = 0.95 }: BootstrapOptions,
): (Interval | null)[] {
  return drawnValues(metrics, seed, resamples).map((values, m) =>
    intervalFrom(metrics[m]?.value() ?? null, values, level),
  );
}

/** The values of each metric over the draws, the same draws for all; null where it is undefined. */
export function drawnValues(
  metrics: readonly PreparedMetric[],
  seed: number,
  resamples = 1000,
): (readonly (number | null)[])[] {
  const values = metrics.map(() => [] as (number | null)[]);
  eachResample(metrics, seed, resamples, (positions) => {
    metrics.forEach((metric, m) => {
      values[m]?.push(metric.value(positions));
    });
  });
  return values;
}

/** The interval of a figure from its values over the draws. */
export function intervalFrom(value: number | null, drawn: readonly (number | null)[], level = 0.95): Interval | null {
  return around(
    value,
    intervalOf(
      drawn.filter((one) => one !== null),
      level,
    ),
  );
}

/** Resampling pushes some figures in one direction, as it does a small ECE: the interval is widened to hold the value. */
function around(value: number | null, interval: Interval | null): Interval | null {
  if (value === null || interval === null) return interval;
  return { ...interval, low: Math.min(interval.low, value), high: Math.max(interval.high, value) };
}

/** Calls `visit` with the positions of each draw; the array is the same one every time. */
function eachResample(
  metrics: readonly PreparedMetric[],
  seed: number,
  resamples: number,
  visit: (positions: Int32Array) => void,
): void {
  const size = metrics[0]?.size ?? 0;
  if (metrics.some((metric) => metric.size !== size)) throw new Error('the metrics are not over the same pairs');
  const random = createRandom(seed);
  const positions = new Int32Array(size);
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < size; i++) positions[i] = random.below(size);
    visit(positions);
  }
}

export function intervalOf(values: readonly number[], level: number): Interval | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const tail = (1 - level) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail), level, resamples: values.length };
}

/**
 * Quantile of sorted values, interpolated between neighbours (definition 7 of Hyndman and Fan 1996, NumPy's default).
 */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (at - below) * (high - low);
}
