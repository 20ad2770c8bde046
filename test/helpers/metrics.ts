import type { Metric } from '../../src/metrics/types.js';
import { allMetrics } from '../../src/task-types/metrics.js';

/** A metric by its name. */
export function metricNamed(name: string): Metric {
  const found = allMetrics.find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`no metric "${name}"`);
  return found;
}
