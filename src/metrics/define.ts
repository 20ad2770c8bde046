import type { Metric, MetricDefinition } from './types.js';

/** Makes a metric out of its two functions. */
export function defineMetric<S>({ observe, summarise, byChance, ...about }: MetricDefinition<S>): Metric {
  return {
    ...about,
    prepare(pairs, context) {
      const observed = pairs.map((pair) => observe(pair, context));
      const applicable = observed.filter((stat) => stat !== null);
      return {
        size: pairs.length,
        n: applicable.length,
        outcomes: about.binary === true ? observed.map((stat) => (stat === null ? null : Number(stat) === 1)) : null,
        byChance: () => (byChance === undefined || applicable.length === 0 ? null : byChance(applicable)),
        value(positions) {
          const stats = positions === undefined ? applicable : pick(observed, positions);
          return stats.length === 0 ? null : summarise(stats, context);
        },
      };
    },
  };
}

function pick<S>(observed: readonly (S | null)[], positions: ArrayLike<number>): S[] {
  const picked: S[] = [];
  for (let i = 0; i < positions.length; i++) {
    const stat = observed[positions[i] as number];
    if (stat !== null && stat !== undefined) picked.push(stat);
  }
  return picked;
}

/** Arithmetic mean of numbers: the summary of every metric that is an average over items. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
