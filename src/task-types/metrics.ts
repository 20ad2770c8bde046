import type { Metric } from '../metrics/types.js';
import type { TaskType } from '../types.js';
import { taskTypes } from './index.js';

/** Every metric of every task type, in the order of a report. */
export const allMetrics: readonly Metric[] = Object.values(taskTypes).flatMap((definition) => [...definition.metrics]);

/** The metrics that fit a task. */
export function metricsFor(type: TaskType, multiLabel: boolean): Metric[] {
  const kind = multiLabel ? 'multi' : 'single';
  return taskTypes[type].metrics.filter(({ labelling }) => labelling === undefined || labelling === kind);
}
