import type { Skipped } from '../../tune/trials.js';
import type { Taught } from './pupil.js';
import type { Tuned } from './tune-task.js';

/** A score with its interval of 95 %. */
export interface TunedFigure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The results of tuning as data. It also holds the settings as they stand in the file. */
export interface TuneReport {
  /** Whether the settings are in use from now on: they are better than the task as it is, or were not compared. */
  readonly installed: boolean;
  readonly task: string;
  readonly model: string;
  readonly modelSha256: string;
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The data that was learned from, without empty texts, repetitions and contradictions. */
  readonly data: { readonly file: string; readonly n: number; readonly sha256: string };
  readonly seed: number;
  /** Name of what the scores are. */
  readonly metric?: string | undefined;
  /** `tuned`, and where they were measured `before` and `without a model`: each on examples that were held out. */
  readonly scores: Readonly<Record<string, TunedFigure>>;
  /** All that was measured. */
  readonly trials: readonly Readonly<Record<string, unknown>>[];
  /** Where the settings stand; null where they were not installed. */
  readonly file: string | null;
  /** Title of the trial that was taken. */
  readonly chosen: string;
  /** Why the search ended. */
  readonly stopped: 'done' | 'budget';
  /** The trials that there was no time for, the examples that they would have been measured on, and the seconds. */
  readonly skipped: readonly Skipped[];
  /**
   * The cheap candidate that no dearer one came near on so many examples, so that the others were given up; null where
   * nothing was.
   */
  readonly settled: { readonly title: string; readonly n: number } | null;
  /** Seconds that comparison and search took, without the final fit, and the budget. */
  readonly seconds: number;
  readonly budgetSeconds: number;
  /** Where the final fit had no time for all examples, those that it took; null where it took all. */
  readonly fittedOn: { readonly n: number; readonly of: number } | null;
  /** Name of the metric that it is better in than the task as it is; null where it is not, or nothing was compared. */
  readonly gain: string | null;
  /** Probability of a difference like that between before and tuned if there were none; null without a comparison. */
  readonly p: number | null;
  /**
   * The chosen threshold; on held-out examples, the share of results that are given and the share of these that are
   * right.
   */
  readonly threshold: {
    readonly min: number;
    readonly below: string;
    readonly coverage?: number;
    readonly reached?: number;
  } | null;
  /** The cost of a teacher, and how close the task has come to it; null without a teacher. */
  readonly taught: Taught | null;
}

/** @param file where the settings stand, as the reader of the report names it */
export function tuneReport({ result, settings, taught }: Tuned, file: string | null): TuneReport {
  const { search, threshold, p, wins } = result;
  return {
    installed: wins,
    ...settings,
    file,
    chosen: search.chosen.title,
    stopped: search.stopped,
    skipped: search.skipped,
    settled: search.settled,
    seconds: result.spentMs / 1000,
    budgetSeconds: result.budgetMs / 1000,
    fittedOn: result.fittedOn,
    gain: result.gain?.name ?? null,
    p,
    threshold: threshold === null ? null : { ...threshold.value, ...threshold.shares },
    taught,
  };
}
