import { isSkewed } from '../methods/candidates/skew.js';
import type { Trial } from '../methods/candidates/types.js';
import { type Metric, metrics, metricsFor } from '../metrics/index.js';
import type { Example, TaskProfile } from '../types.js';

/**
 * The measure that tuning goes by. For labels the share that is right; where that would be high without any rare label
 * ever being found, macro F1, to which each label counts the same.
 */
export function tuningMetric(profile: Pick<TaskProfile, 'type' | 'multiLabel'>, examples: readonly Example[]): Metric {
  const { type, multiLabel } = profile;
  const name: Record<TaskProfile['type'], string> = {
    classify: multiLabel ? 'micro-f1' : isSkewed(profile, examples) ? 'macro-f1' : 'accuracy',
    extract: 'entity-f1',
    answer: 'token-f1',
    generate: 'field-f1',
  };
  return metricsFor(type, multiLabel).find((metric) => metric.name === name[type]) as Metric;
}

/**
 * What candidates are compared by. With one label a text the Brier score: it looks at the probabilities, so that it
 * tells candidates apart on fewer examples than accuracy needs, and sees which of them is too sure of itself.
 * T. Gneiting, A. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 102, 2007.
 */
export function objectiveFor(metric: Metric): Metric {
  return metric === metrics.accuracy ? metrics.brier : metric;
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
