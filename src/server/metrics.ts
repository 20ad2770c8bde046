import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TaskPool } from '../app/serving/pool.js';
import { classified } from '../task-types/classify/values.js';
import { isWithheld } from '../task-types/withheld.js';
import type { Prediction } from '../types.js';
import type { Route } from './routes.js';
import { z } from './routes.js';

/** The measures that Prometheus reads. Labels are names of tasks, routes and labels: never text of users. */
export interface Measures {
  readonly registry: Registry;
  requestDone(route: string, status: number, seconds: number): void;
  underWay(count: number): void;
  predicted(task: string, prediction: Prediction): void;
}

export function createMeasures(memoryBytes: () => number): Measures {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'slm_requests_total',
    help: 'Requests that were answered',
    labelNames: ['route', 'status'],
    registers,
  });
  const latency = new Histogram({
    name: 'slm_request_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const queue = new Gauge({ name: 'slm_requests_under_way', help: 'Requests that are worked on', registers });
  const records = new Counter({
    name: 'slm_records_total',
    help: 'Records by task and outcome',
    labelNames: ['task', 'outcome'],
    registers,
  });
  const labels = new Counter({
    name: 'slm_labels_total',
    help: 'Labels that were given',
    labelNames: ['task', 'label'],
    registers,
  });
  new Gauge({
    name: 'slm_resident_memory_bytes',
    help: 'Resident memory of the process',
    registers,
    collect() {
      this.set(memoryBytes());
    },
  });
  return {
    registry,
    requestDone(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      latency.observe({ route }, seconds);
    },
    underWay: (count) => queue.set(count),
    predicted(task, prediction) {
      const outcome = prediction.error !== undefined ? 'error' : isWithheld(prediction) ? 'abstained' : 'done';
      records.inc({ task, outcome });
      for (const label of classified(prediction.output)?.labels ?? []) labels.inc({ task, label });
    },
  };
}

/** The pool, with everything that it predicts counted. */
export function measured(pool: TaskPool, measures: Measures): TaskPool {
  return {
    ...pool,
    async *predict(task, records, signal) {
      for await (const prediction of pool.predict(task, records, signal)) {
        measures.predicted(task.name, prediction);
        yield prediction;
      }
    },
  };
}

/** `GET /metrics`, for Prometheus. */
export function metricsRoute({ registry }: Measures): Route {
  return {
    method: 'get',
    path: '/metrics',
    summary: 'Counts and latencies for Prometheus',
    answer: z.string(),
    mediaType: 'text/plain',
    async handle(c) {
      return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
    },
  };
}
