import { z } from 'zod';
import { defaults } from '../app/defaults.js';
import { evaluateTask, planEvaluation } from '../app/evaluating/evaluate-task.js';
import type { GateResult } from '../compare/gate.js';
import type { Comparison } from '../compare/types.js';
import { usageError } from '../errors.js';
import type { Report } from '../evaluate/report.js';
import { given } from '../given.js';
import { checkOptions, checkText } from './check-options.js';
import { type EvaluateOptions, evaluateShape } from './evaluate.js';
import { type Shape, text, texts } from './option-kinds.js';
import { goldFlags, taskFlags } from './options.js';
import { surroundingsOf } from './surroundings.js';

/** The models to compare, and how. Options that are left out are as on the command line. */
export interface CompareOptions extends Omit<EvaluateOptions, 'model'> {
  /** Models, each as `model` of `open` names one: two or more, or one with a `baseline`. */
  models: readonly string[];
  /** The file of an earlier report, to compare with as one more. */
  baseline?: string;
  /** Conditions that figures must meet, such as `A >= B - 0.02` or `accuracy >= 0.9`. */
  gate?: readonly string[];
}

const { model: _model, ...withoutModel } = evaluateShape;

export const compareSchema = z.strictObject({
  ...withoutModel,
  models: z.array(text, 'an array of models').readonly(),
  baseline: text.optional(),
  gate: texts.optional(),
} satisfies Shape<CompareOptions>);

/** The report that `slm eval -m A,B --json` writes. */
export interface ComparisonReport {
  /** One for each model. */
  readonly reports: readonly Report[];
  readonly comparison: Comparison;
  /** One for each gate, or where it names no model one for each model. */
  readonly gates: readonly GateResult[];
}

/**
 * Measures a task on several models with the same records and compares each two.
 * @param task a name, or a path to a task.yaml or its folder
 * @throws SlmError when the task, the data or a gate is invalid (code `SLM_USAGE`) or a model cannot be used (`SLM_MODEL`)
 */
export async function compare(task: string, options: CompareOptions): Promise<ComparisonReport> {
  checkText('compare', 'task', task);
  const { models, baseline, gate, ...others } = checkOptions('compare', compareSchema, options);
  if (models.length + (baseline === undefined ? 0 : 1) < 2)
    throw usageError('a comparison needs two models or more, or one and a baseline', 'Name them in `models`.');
  const surroundings = surroundingsOf(others);
  const measured = {
    ...taskFlags(others),
    ...goldFlags(others),
    ...given({ data: others.data, baseline, gate }),
    models: [...models],
    seed: others.seed ?? defaults.seed,
  };
  const planned = await planEvaluation(surroundings, task, measured);
  const { reports, comparison, gates, problem } = await evaluateTask(surroundings, planned, measured);
  if (problem !== null) throw problem;
  surroundings.signal.throwIfAborted();
  return { reports, comparison: comparison as Comparison, gates };
}
