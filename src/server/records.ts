import type { ServedTask, TaskPool } from '../app/serving/pool.js';
import { predictAll, type RecordInput } from '../app/serving/predict-all.js';
import type { Prediction } from '../types.js';
import { HttpError, interrupted } from './errors.js';

/** The predictions for the records of a request. @throws HttpError when it was ended early */
export async function predictionsFor(
  pool: TaskPool,
  task: ServedTask,
  inputs: readonly RecordInput[],
  signal: AbortSignal,
): Promise<Prediction[]> {
  const predictions = await predictAll(pool, task, inputs, signal);
  if (predictions === null) throw interrupted();
  return predictions;
}

/** @throws HttpError when there is no such task, with those that there are */
export function taskNamed(pool: TaskPool, name: string): ServedTask {
  const found = pool.find(name);
  if (found !== null) return found;
  throw new HttpError(
    404,
    'not_found_error',
    `there is no task "${name}" here; there are ${pool.tasks.map((task) => task.name).join(', ') || 'none'}`,
  );
}
