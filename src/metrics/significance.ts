import { type BootstrapOptions, drawnValues, type Interval, intervalOf } from './bootstrap.js';
import type { PreparedMetric } from './types.js';

export interface McNemar {
  /** Items that only the first, only the second has right. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Exact test whether two systems are right equally often on the same items: Q. McNemar, Psychometrika 12, 1947,
 * with the binomial distribution over the items on which they differ, doubled and at most 1.
 */
export function mcNemar(first: readonly boolean[], second: readonly boolean[]): McNemar {
  if (first.length !== second.length) throw new Error('the systems were not run on the same items');
  let onlyFirst = 0;
  let onlySecond = 0;
  first.forEach((right, i) => {
    if (right && second[i] === false) onlyFirst++;
    if (!right && second[i] === true) onlySecond++;
  });
  const n = onlyFirst + onlySecond;
  return { onlyFirst, onlySecond, p: Math.min(1, 2 * fairCoinUpTo(Math.min(onlyFirst, onlySecond), n)) };
}

/** P(X ≤ k) for X ~ Binomial(n, ½), summed as logarithms so that 2⁻ⁿ does not vanish. */
function fairCoinUpTo(k: number, n: number): number {
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return sum;
}

export interface PairedDifference {
  /** First minus second. */
  readonly difference: number;
  readonly interval: Interval;
  /** Two-sided. */
  readonly p: number;
}

/** A metric's value, and its values over the draws of a bootstrap. */
export type Drawn = readonly [number | null, readonly (number | null)[]];

/**
 * Difference of any metric between two systems on the same items, by drawing items with replacement. p is twice
 * the smaller share of draws on either side of 0, with one draw added to each count: A. Davison, D. Hinkley,
 * "Bootstrap Methods and their Application", 1997, 4.2.3; it agrees with the percentile interval. Null where
 * the metric is undefined for one of them.
 */
export function pairedDifference(
  first: PreparedMetric,
  second: PreparedMetric,
  { seed, resamples = 1000, level = 0.95 }: BootstrapOptions,
): PairedDifference | null {
  const [one = [], other = []] = drawnValues([first, second], seed, resamples);
  return differenceOf([first.value(), one], [second.value(), other], level);
}

/** The same from the value of each and its values over the same draws. */
export function differenceOf(first: Drawn, second: Drawn, level = 0.95): PairedDifference | null {
  const difference = minus(first[0], second[0]);
  const differences = first[1].map((drawn, b) => minus(drawn, second[1][b] ?? null)).filter((drawn) => drawn !== null);
  const interval = intervalOf(differences, level);
  if (difference === null || interval === null) return null;
  const notAbove = differences.filter((drawn) => drawn <= 0).length;
  const notBelow = differences.filter((drawn) => drawn >= 0).length;
  const p = Math.min(1, (2 * (1 + Math.min(notAbove, notBelow))) / (1 + differences.length));
  return { difference, interval, p };
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
