import type { ServedTask, TaskPool } from '../app/serving/pool.js';
import { type BadRow, recordOf } from '../record.js';
import type { InputRecord, Prediction } from '../types.js';
import { HttpError } from './errors.js';

/** A text, or the fields of a record. */
export type RecordInput = string | Readonly<Record<string, unknown>>;

function recordFrom(task: ServedTask, input: RecordInput, index: number): InputRecord | BadRow {
  const fields = typeof input === 'string' ? { text: input } : input;
  return recordOf({ fields, origin: { file: '-', line: index + 1 } }, index, task.input, null);
}

/** The predictions for a few records, all at once. */
export async function predictAll(
  pool: TaskPool,
  task: ServedTask,
  inputs: readonly RecordInput[],
  signal: AbortSignal,
): Promise<Prediction[]> {
  async function* records() {
    for (const [index, input] of inputs.entries()) yield recordFrom(task, input, index);
  }
  const predictions: Prediction[] = [];
  for await (const prediction of pool.predict(task, records(), signal)) predictions.push(prediction);
  if (predictions.length < inputs.length) throw new HttpError(503, 'interrupted', 'the request was ended early');
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
