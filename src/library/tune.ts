import { defaults } from '../app/defaults.js';
import { type TuneReport, tuneReport } from '../app/tuning/tune-report.js';
import { planTuning, type TuneFlags, tuneTask } from '../app/tuning/tune-task.js';
import { type DataOptions, engineFlags, given, goldFlags, type LabelledData, type ModelOptions } from './options.js';
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

/**
 * Makes a task good by labelled examples; tasks that are opened afterwards use what was found.
 * @param task a name, or a path to a task.yaml or its folder
 * @returns what `slm tune --json` writes
 * @throws SlmError when the task or the data is invalid (code `SLM_USAGE`) or the model cannot be used (`SLM_MODEL`)
 */
export async function tune(task: string, options: TuneOptions = {}): Promise<TuneReport> {
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
