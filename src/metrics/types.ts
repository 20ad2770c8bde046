import type { Pair, TaskType } from '../types.js';

export interface MetricContext {
  /** The profile's labels; empty where the task has none. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
}

/** What a metric file writes down. `S` is the statistic of one item, computed once; the bootstrap resamples those. */
export interface MetricDefinition<S> {
  readonly name: string;
  readonly title: string;
  readonly taskTypes: readonly TaskType[];
  /** For `classify`: the kind of task that it is for. Defaults to both. */
  readonly labelling?: 'single' | 'multi';
  readonly better: 'higher' | 'lower';
  readonly range: readonly [number, number];
  /** Null where the metric does not apply to the item, which is not the same as zero. */
  observe(pair: Pair, context: MetricContext): S | null;
  /** Null where the figure is undefined, for example a precision without predictions. `stats` is never empty. */
  summarise(stats: readonly S[], context: MetricContext): number | null;
}

/** What everyone else sees: the type of the statistic is closed over by `defineMetric`. */
export interface Metric extends Omit<MetricDefinition<never>, 'observe' | 'summarise'> {
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
}
