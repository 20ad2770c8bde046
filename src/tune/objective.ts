import type { Trial } from '../methods/candidates/types.js';
import type { Metric } from '../metrics/types.js';
import { taskTypes } from '../task-types/index.js';
import { metricsFor } from '../task-types/metrics.js';
import type { Example, TaskProfile } from '../types.js';

type Kind = Pick<TaskProfile, 'type' | 'multiLabel'>;

/** The measure that tuning goes by. */
export function tuningMetric(profile: Kind, examples: readonly Example[]): Metric {
  const golds = examples.map(({ gold }) => gold);
  return metricOf(profile, taskTypes[profile.type].tuningMetric(profile.multiLabel, golds));
}

/** The metric that candidates are compared by. */
export function objectiveFor(profile: Kind, metric: Metric): Metric {
  return metricOf(profile, taskTypes[profile.type].objective(metric.name));
}

/** The metric that tells how right the probabilities are; null where there is none. */
export function probabilityMetricFor(profile: Kind, metric: Metric): Metric | null {
  const name = taskTypes[profile.type].probabilityMetric(metric.name);
  return name === null ? null : metricOf(profile, name);
}

function metricOf({ type, multiLabel }: Kind, name: string): Metric {
  return metricsFor(type, multiLabel).find((metric) => metric.name === name) as Metric;
}

/** Higher is better, whatever the measure is. */
export function objectiveValueOf({ better }: Metric, value: number | null): number {
  if (value === null) return Number.NEGATIVE_INFINITY;
  return better === 'lower' ? -value : value;
}

/** The value of what candidates are compared by. */
export function shownObjective({ better }: Metric, { objectiveValue }: Trial): number {
  return better === 'lower' ? -objectiveValue : objectiveValue;
}
