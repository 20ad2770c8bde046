import { reportedBaselines } from '../baselines/index.js';
import { bootstrapIntervals, type Interval } from '../metrics/bootstrap.js';
import { type CoveragePoint, riskCoverage } from '../metrics/risk-coverage.js';
import type { Metric, MetricContext, PreparedMetric } from '../metrics/types.js';
import { amongExamples } from '../task-types/among.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, InputRecord, MetricGoal, Output, Pair, TaskProfile } from '../types.js';
import { pairOf } from './records.js';
import type { Figure, GoalResult, Report } from './report.js';

/**
 * Values of metrics, with their intervals.
 * @param seed null leaves the intervals out
 */
export function figuresOf(
  suite: readonly Metric[],
  pairs: readonly Pair[],
  context: MetricContext,
  seed: number | null,
): Figure[] {
  const prepared: PreparedMetric[] = suite.map((metric) => metric.prepare(pairs, context));
  const intervals = seed === null ? [] : bootstrapIntervals(prepared, { seed });
  return suite.map((metric, i) => figureOf(metric, prepared[i] as PreparedMetric, intervals[i] ?? null));
}

/** What a report says of a metric. */
export function figureOf(
  { name, title, better }: Pick<Metric, 'name' | 'title' | 'better'>,
  prepared: PreparedMetric,
  interval: Interval | null,
): Figure {
  const byChance = prepared.byChance();
  const figure = { name, title, better, value: prepared.value(), interval, n: prepared.n };
  return byChance === null ? figure : { ...figure, byChance };
}

export function checkGoal(goal: MetricGoal, figures: readonly Figure[]): GoalResult {
  const value = figures.find((figure) => figure.name === goal.name)?.value ?? null;
  const passed =
    value !== null && (goal.min === undefined || value >= goal.min) && (goal.max === undefined || value <= goal.max);
  return { ...goal, value, passed };
}

/** What baselines have learned from a list of examples: for several models of one task, they are trained once. */
const trained = new WeakMap<readonly Example[], Map<string, (record: InputRecord) => Output>>();

/** Baselines: they learn from the profile's examples and are measured on the same records. */
export function baselinesOf(
  profile: TaskProfile,
  examples: readonly Example[],
  suite: readonly Metric[],
  context: MetricContext,
  seed: number,
): Report['baselines'] {
  const known = amongExamples(profile.examples, profile);
  if (known.length === 0) return [];
  const learned = trained.get(profile.examples) ?? new Map<string, (record: InputRecord) => Output>();
  trained.set(profile.examples, learned);
  return reportedBaselines(profile.type, known).map((baseline) => {
    // The labels, which are part of the context, decide which of the examples are known.
    const key = JSON.stringify([baseline.name, context, seed]);
    const predictOne = learned.get(key) ?? baseline.train(known, { ...context, seed });
    learned.set(key, predictOne);
    const pairs = examples.map((example) => pairOf(example, predictOne(example.record)));
    return { name: baseline.name, title: baseline.title, figures: figuresOf(suite, pairs, context, seed) };
  });
}

export function coverageOf({ type, multiLabel }: TaskProfile, pairs: readonly Pair[]): CoveragePoint[] {
  const definition = taskTypes[type];
  if (definition.reliability(pairs, multiLabel) === null) return [];
  const given = pairs.flatMap(({ gold, output }) =>
    output === null || definition.isWithheld(output) ? [] : definition.decisions(gold, output),
  );
  return riskCoverage(given, pairs.length);
}
