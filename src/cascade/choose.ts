import type { Metric, MetricContext } from '../metrics/types.js';
import type { Pair } from '../types.js';

/** The outputs of one model alone, for every record. */
export interface StageOutputs {
  readonly pairs: readonly Pair[];
  /** How sure it was of each; 1 where it failed, which no other model is asked for. */
  readonly certainty: readonly number[];
  readonly secondsPerRecord: number;
}

/** Thresholds with what they would have brought on the records that they were chosen on. */
export interface CascadeChoice {
  /** One threshold for every model but the last. */
  readonly thresholds: readonly number[];
  /** Null where the metric is undefined. */
  readonly value: number | null;
  readonly secondsPerRecord: number;
  /** Share of the records that each model answers. */
  readonly shares: readonly number[];
}

/** The goal that the thresholds are chosen for. */
export type CascadeGoal =
  /** The least time with this value of the metric. */
  | { readonly kind: 'value'; readonly value: number }
  /** The best value with this share of the last model's time. */
  | { readonly kind: 'time'; readonly share: number }
  /** The least time without being worse than the last model alone. */
  | { readonly kind: 'last' };

/** Thresholds tried for each model; for several models together, all combinations, of which there are so many at most. */
const tried = { two: 100, combinations: 4096 };

/** Thresholds tried for each of so many models beside 0 and 1. */
function triedFor(models: number): number {
  if (models === 2) return tried.two;
  // Rounded, since a root of 4096 may be a little less than a whole number.
  const each = Math.floor(Math.round(1e6 * tried.combinations ** (1 / (models - 1))) / 1e6);
  return Math.min(14, Math.max(1, each - 2));
}

/**
 * The best thresholds among quantiles of how sure each model was. It is a choice among few, but on these very records:
 * what they bring elsewhere has to be measured on others.
 */
export function chooseThresholds(
  stages: readonly StageOutputs[],
  metric: Metric,
  context: MetricContext,
  goal: CascadeGoal,
): { readonly choice: CascadeChoice; readonly reached: boolean } {
  const grids = stages.slice(0, -1).map(({ certainty }) => gridOf(certainty, triedFor(stages.length)));
  const choices = combinations(grids).map((thresholds) => choiceOf(stages, thresholds, metric, context));
  const last = stages.at(-1) as StageOutputs;
  const alone = metric.prepare(last.pairs, context).value();
  const wanted = goal.kind === 'value' ? goal.value : goal.kind === 'last' ? alone : null;
  const fits = choices.filter(({ value, secondsPerRecord }) =>
    goal.kind === 'time'
      ? secondsPerRecord <= goal.share * last.secondsPerRecord
      : value !== null && wanted !== null && signed(metric, value) >= signed(metric, wanted),
  );
  const byTime = (a: CascadeChoice, b: CascadeChoice) => a.secondsPerRecord - b.secondsPerRecord;
  const byValue = (a: CascadeChoice, b: CascadeChoice) => quality(metric, b) - quality(metric, a);
  // If the goal cannot be reached, the nearest choice is taken: in quality, or in time.
  const order =
    goal.kind === 'time'
      ? fits.length > 0
        ? [byValue, byTime]
        : [byTime, byValue]
      : fits.length > 0
        ? [byTime, byValue]
        : [byValue, byTime];
  const [first = byTime, second = byTime] = order;
  const [choice] = [...(fits.length > 0 ? fits : choices)].sort((a, b) => first(a, b) || second(a, b));
  return { choice: choice as CascadeChoice, reached: fits.length > 0 };
}

function signed(metric: Metric, value: number): number {
  return metric.better === 'higher' ? value : -value;
}

function quality(metric: Metric, { value }: CascadeChoice): number {
  return value === null ? Number.NEGATIVE_INFINITY : signed(metric, value);
}

/** Places between neighbours, so that rounding decides nothing; 0 passes nothing on. */
function gridOf(certainty: readonly number[], count: number): number[] {
  const sorted = [...new Set(certainty)].sort((a, b) => a - b);
  const between = sorted.slice(1).map((high, i) => {
    const middle = ((sorted[i] as number) + high) / 2;
    return middle > (sorted[i] as number) ? middle : high;
  });
  const steps = Math.min(count, between.length);
  const chosen = Array.from(
    { length: steps },
    (_, i) => between[Math.floor(((i + 0.5) / steps) * between.length)] ?? 1,
  );
  return [...new Set([0, ...chosen, 1])];
}

function combinations(grids: readonly (readonly number[])[]): number[][] {
  return grids.reduce<number[][]>((done, grid) => done.flatMap((list) => grid.map((value) => [...list, value])), [[]]);
}

function choiceOf(
  stages: readonly StageOutputs[],
  thresholds: readonly number[],
  metric: Metric,
  context: MetricContext,
): CascadeChoice {
  const n = stages[0]?.pairs.length ?? 0;
  const by = Array.from({ length: n }, (_, i) => {
    const at = thresholds.findIndex((threshold, s) => (stages[s]?.certainty[i] ?? 0) >= threshold);
    return at === -1 ? stages.length - 1 : at;
  });
  const pairs = by.map((s, i) => stages[s]?.pairs[i] as Pair);
  const asked = stages.map((_, s) => by.filter((at) => at >= s).length / n);
  return {
    thresholds,
    value: metric.prepare(pairs, context).value(),
    secondsPerRecord: stages.reduce((sum, { secondsPerRecord }, s) => sum + (asked[s] ?? 0) * secondsPerRecord, 0),
    shares: stages.map((_, s) => by.filter((at) => at === s).length / n),
  };
}
