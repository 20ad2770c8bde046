import { z } from 'zod';
import { defaults } from '../app/defaults.js';
import { evaluateTask, planEvaluation } from '../app/evaluating/evaluate-task.js';
import type { Report } from '../evaluate/report.js';
import { given } from '../given.js';
import { checkOptions, checkText } from './check-options.js';
import { count, data, type Shape } from './option-kinds.js';
import {
  type DataOptions,
  dataShape,
  goldFlags,
  type LabelledData,
  type TaskOptions,
  taskFlags,
  taskShape,
} from './options.js';
import { surroundingsOf } from './surroundings.js';

/** How a task is measured. What is left out is as on the command line. */
export interface EvaluateOptions extends TaskOptions, DataOptions {
  /** Labelled data instead of the fixtures of the task. */
  data?: LabelledData;
  /** Seed of the bootstrap. Default: 1. */
  seed?: number;
}

/** Schemas of these options. */
export const evaluateShape = {
  ...taskShape,
  ...dataShape,
  data: data.optional(),
  seed: count(0).optional(),
} satisfies Shape<EvaluateOptions>;

export const evaluateSchema = z.strictObject(evaluateShape);

/**
 * Measures a task: the report that `slm eval --json` writes.
 * @param task a name, or a path to a task.yaml or its folder
 * @throws SlmError when the task or the data is invalid (code `SLM_USAGE`) or the model cannot be used (`SLM_MODEL`)
 */
export async function evaluate(task: string, asked: EvaluateOptions = {}): Promise<Report> {
  checkText('evaluate', 'task', task);
  const options = checkOptions('evaluate', evaluateSchema, asked);
  const surroundings = surroundingsOf(options);
  const { model, ...flags } = taskFlags(options);
  const measured = {
    ...flags,
    ...goldFlags(options),
    ...given({ models: model === undefined ? undefined : [model], data: options.data }),
    seed: options.seed ?? defaults.seed,
  };
  const planned = await planEvaluation(surroundings, task, measured);
  const { reports } = await evaluateTask(surroundings, planned, measured);
  // A report over a part of the data is not what was asked for.
  surroundings.signal.throwIfAborted();
  return reports[0] as Report;
}
