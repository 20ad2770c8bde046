import { type BadRow, recordOf } from '../../record.js';
import { taskTypes } from '../../task-types/index.js';
import type { InputRecord, Output, Prediction } from '../../types.js';
import type { ServedTask, TaskPool } from './pool.js';

/** A text, or the fields of a record. */
export type RecordInput = string | Readonly<Record<string, unknown>>;

function recordFrom(task: ServedTask, input: RecordInput, index: number): InputRecord | BadRow {
  const fields = typeof input === 'string' ? { text: input } : input;
  const row = { fields, origin: { file: '-', line: index + 1 } };
  return recordOf(row, index, task.input, null, `Give the input as "${task.input}"`);
}

/** The predictions for a few records, all at once; null when the signal has ended them before the last. */
export async function predictAll(
  pool: TaskPool,
  task: ServedTask,
  inputs: readonly RecordInput[],
  signal: AbortSignal,
): Promise<Prediction[] | null> {
  async function* records() {
    for (const [index, input] of inputs.entries()) yield recordFrom(task, input, index);
  }
  const predictions: Prediction[] = [];
  for await (const prediction of pool.predict(task, records(), signal)) predictions.push(prediction);
  return predictions.length < inputs.length ? null : predictions;
}

/** A result as `slm run --json` has it, without the fields that repeat the input. */
export function resultObject(task: ServedTask, output: Output, record: InputRecord): Record<string, unknown> {
  const { results } = taskTypes[output.type];
  const object = results.object(output, record, {
    labels: task.labels.map(({ name }) => name),
    multiLabel: task.multiLabel,
    properties: [],
    input: task.input,
    offsets: 'codepoint',
  });
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== results.inputName));
}
