import { z } from 'zod';
import { defaults } from '../app/defaults.js';
import { type TuneReport, tuneReport } from '../app/tuning/tune-report.js';
import { planTuning, type TuneFlags, tuneTask } from '../app/tuning/tune-task.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { checkOptions, checkText } from './check-options.js';
import { count, data, flag, milliseconds, oneOf, type Shape, share, text } from './option-kinds.js';
import {
  type DataOptions,
  dataShape,
  engineFlags,
  goldFlags,
  type LabelledData,
  type ModelOptions,
  modelShape,
} from './options.js';
import { surroundingsOf } from './surroundings.js';

/** How a task is tuned. What is left out is as on the command line. */
export interface TuneOptions extends ModelOptions, DataOptions {
  /** Labelled data instead of the examples of the task. */
  data?: LabelledData;
  /** A larger model, which labels the texts of `unlabelled` to learn from; `data` then corrects and judges it. */
  teacher?: string;
  /** A file of texts that nobody has labelled. */
  unlabelled?: string;
  /** An embedding model whose heads are candidates, too, alone and joined with the model. */
  embedder?: string;
  /** The candidates to try: everything, heads over frozen features, or label scores. Default: `auto`. */
  method?: 'auto' | 'head' | 'scores';
  /** Time for the search; the last fit comes on top. Default: 600,000. */
  budgetMs?: number;
  /** Choose the threshold so that this share of what is given is right. */
  precision?: number;
  /** Choose the threshold so that this share of the results is given. */
  coverage?: number;
  /** The trial to take: the simplest that is not clearly worse than the best (the default), or the best. */
  take?: 'simplest' | 'best';
  /** Heads of no more layers of the model than that. */
  layers?: number;
  /** Counts of words beside the model. Default: true. */
  words?: boolean;
  /** Measure the task as it is, too, and install nothing that is not better. Default: true. */
  compare?: boolean;
  /** Folder of the tuned settings. Default: the task's own, or for built-in tasks the user's. */
  into?: string;
  /** Seed of every draw. Default: 1. */
  seed?: number;
}

export const tuneSchema = z.strictObject({
  ...modelShape,
  ...dataShape,
  data: data.optional(),
  teacher: text.optional(),
  unlabelled: text.optional(),
  embedder: text.optional(),
  method: oneOf(['auto', 'head', 'scores']).optional(),
  budgetMs: milliseconds.optional(),
  precision: share.optional(),
  coverage: share.optional(),
  take: oneOf(['simplest', 'best']).optional(),
  layers: count(1).optional(),
  words: flag.optional(),
  compare: flag.optional(),
  into: text.optional(),
  seed: count(0).optional(),
} satisfies Shape<TuneOptions>);

/**
 * Makes a task good by labelled examples; tasks that are opened afterwards use what was found.
 * @param task a name, or a path to a task.yaml or its folder
 * @returns what `slm tune --json` writes
 * @throws SlmError when the task or the data is invalid (code `SLM_USAGE`) or the model cannot be used (`SLM_MODEL`)
 */
export async function tune(task: string, asked: TuneOptions = {}): Promise<TuneReport> {
  checkText('tune', 'task', task);
  const options = checkOptions('tune', tuneSchema, asked);
  if (options.precision !== undefined && options.coverage !== undefined)
    throw usageError('tune: "precision" and "coverage" cannot be given together', 'Leave one of them out.');
  const surroundings = surroundingsOf(options);
  const flags: TuneFlags = {
    ...defaults.tuning,
    seed: defaults.seed,
    curves: false,
    ...engineFlags(options),
    ...goldFlags(options),
    ...given({
      data: options.data,
      teacher: options.teacher,
      unlabelled: options.unlabelled,
      embedder: options.embedder,
      method: options.method,
      budget: options.budgetMs,
      precision: options.precision,
      coverage: options.coverage,
      take: options.take,
      layers: options.layers,
      words: options.words,
      compare: options.compare,
      into: options.into,
      seed: options.seed,
    }),
  };
  const tuned = await tuneTask(surroundings, await planTuning(surroundings, task, flags), flags);
  return tuneReport(tuned, tuned.file);
}
