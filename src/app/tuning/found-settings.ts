import path from 'node:path';
import type { Trial } from '../../methods/candidates/types.js';
import type { TunedSettings } from '../../profile/tuned-settings.js';
import type { UnwrittenSettings } from '../../profile/write-tuned-settings.js';
import { shownObjective } from '../../tune/objective.js';
import { textList } from '../../tune/seen.js';
import type { TuneResult } from '../../tune/tune.js';
import type { Example, TaskProfile } from '../../types.js';

/** The data that a task was tuned on. */
export interface TunedOn {
  readonly profile: TaskProfile;
  readonly model: { readonly name: string; readonly sha256: string };
  readonly data: {
    /** Null for the examples of the task. */
    readonly file: string | null;
    readonly examples: readonly Example[];
    readonly sha256: string;
  };
  readonly seed: number;
}

/** The settings that tuning has found, as they are kept beside the task. */
export function foundSettings({ profile, model, data, seed }: TunedOn, result: TuneResult): UnwrittenSettings {
  const { fitted, search } = result;
  return {
    task: profile.name,
    model: model.name,
    modelSha256: model.sha256,
    profile: profile.digest,
    method: fitted.method,
    options: { ...fitted.options },
    learned: { ...fitted.learned },
    ...(fitted.threshold === undefined ? {} : { threshold: { ...fitted.threshold } }),
    data: {
      file: data.file === null ? 'examples' : path.basename(data.file),
      n: data.examples.length,
      sha256: data.sha256,
      ...(data.file === null ? {} : { texts: textList(data.examples) }),
    },
    seed,
    metric: search.metric.name,
    scores: scoresOf(result),
    trials: search.trials.map((trial) => trialOf(trial, search)),
  };
}

function scoresOf({ after, before, lexical, threshold }: TuneResult): TunedSettings['scores'] {
  const figure = ({ score, interval }: Pick<Trial, 'score' | 'interval'>) => ({
    value: rounded(score),
    low: rounded(interval?.low ?? score),
    high: rounded(interval?.high ?? score),
  });
  return {
    tuned: figure(after),
    ...(before === null ? {} : { before: figure(before) }),
    ...(lexical === null ? {} : { 'without a model': figure(lexical) }),
    ...(threshold?.shares ? { coverage: { value: rounded(threshold.shares.coverage), low: 0, high: 1 } } : {}),
  };
}

function trialOf(trial: Trial, { objective, metric }: TuneResult['search']): Record<string, unknown> {
  const { title, n, folds, score, interval, tokensPerRecord } = trial;
  return {
    title,
    n,
    folds,
    score: rounded(score),
    low: rounded(interval?.low ?? score),
    high: rounded(interval?.high ?? score),
    ...(objective === metric ? {} : { [objective.name]: rounded(shownObjective(objective, trial)) }),
    tokens: Math.round(tokensPerRecord * 10) / 10,
  };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
