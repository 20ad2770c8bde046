import type { Pair } from '../types.js';

export interface MetricContext {
  /** The profile's labels; empty where the task has none. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
}

/**
 * The definition of a metric in its file. `S` is the statistic of one item, computed once; the bootstrap resamples it.
 */
export interface MetricDefinition<S> {
  readonly name: string;
  readonly title: string;
  /** Where records have labels: the kind of task that it is for. Defaults to both. */
  readonly labelling?: 'single' | 'multi';
  readonly better: 'higher' | 'lower';
  readonly range: readonly [number, number];
  /** Whether an item counts 0 or 1 and the figure is their mean, so that an exact test of right and wrong fits. */
  readonly binary?: boolean;
  /** Null where the metric does not apply to the item, which is not the same as zero. */
  observe(pair: Pair, context: MetricContext): S | null;
  /** Null where the figure is undefined, for example a precision without predictions. `stats` is never empty. */
  summarise(stats: readonly S[], context: MetricContext): number | null;
  /** What the figure would be on average if only chance kept it from its best value; `stats` is never empty. */
  byChance?(stats: readonly S[]): number;
}

/** A metric for its users: `defineMetric` hides the type of the statistic. */
export interface Metric extends Omit<MetricDefinition<never>, 'observe' | 'summarise' | 'byChance'> {
  /** Looks at each pair once. */
  prepare(pairs: readonly Pair[], context: MetricContext): PreparedMetric;
}

export interface PreparedMetric {
  /** How many pairs were given. */
  readonly size: number;
  /** How many of them the metric applies to. */
  readonly n: number;
  /** Over all pairs, or over those at the given positions, repeated ones counted as often. Null: undefined. */
  value(positions?: ArrayLike<number>): number | null;
  /** What it would be on average by chance alone; null where the metric does not say. */
  byChance(): number | null;
  /** Whether each item counts; null where the metric does not apply to it. Null for metrics that are no such share. */
  readonly outcomes: readonly (boolean | null)[] | null;
}

/** Which labels were predicted for which. */
export interface ConfusionMatrix {
  /** The profile's labels, then others that occur. */
  readonly labels: readonly string[];
  /** counts[g][p]: records of gold label g for which label p was predicted, by position in `labels`. */
  readonly counts: readonly (readonly number[])[];
  /** Records of each gold label on which the task abstained. */
  readonly abstained: readonly number[];
  /** Records of each gold label that failed. */
  readonly failed: readonly number[];
}

/** Records whose top score lies in (low, high]; the first bin has 0 as well. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly n: number;
  /** Mean top score; null in an empty bin. */
  readonly confidence: number | null;
  /** Share of top labels that are right; null in an empty bin. */
  readonly accuracy: number | null;
}
