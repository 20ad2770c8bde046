import { suggestion, usageError } from '../errors.js';
import { metricsFor } from '../task-types/metrics.js';
import type { MetricGoal } from '../types.js';
import type { Locate } from '../yaml.js';
import type { RawProfile } from './schema.js';

/**
 * The values of metrics that a task must reach.
 * @throws SlmError at a metric that its type does not have
 */
export function goalsOf(raw: RawProfile, at: Locate): MetricGoal[] {
  return Object.entries(raw.metrics).map(([name, goal]) => {
    const fitting = metricsFor(raw.type, raw.multiLabel).map((metric) => metric.name);
    if (!fitting.includes(name)) {
      throw usageError(
        `${at(['metrics', name])}: no metric "${name}" for ${raw.type}.${suggestion(name, fitting)}`,
        `There are ${fitting.join(', ')}.`,
      );
    }
    if (typeof goal === 'number') return { name, min: goal };
    return {
      name,
      ...(goal.min === undefined ? {} : { min: goal.min }),
      ...(goal.max === undefined ? {} : { max: goal.max }),
    };
  });
}
