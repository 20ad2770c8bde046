import type { Candidate, Spent, Trial, Trialled } from '../methods/candidates/types.js';
import { bootstrapIntervals } from '../metrics/bootstrap.js';
import type { Metric, PreparedMetric } from '../metrics/types.js';
import type { Example, Output, Pair, TaskProfile } from '../types.js';
import { foldsFor } from './folds.js';
import { objectiveValueOf } from './objective.js';
import { decideHeldOut } from './threshold.js';

/** Draws for the interval of a figure: the trials are many. */
export const intervalResamples = 300;

/** Trials by candidate, examples and folds: one that is known is not done again. */
export interface TrialJournal {
  get(key: string): Promise<Trialled | null>;
  set(key: string, value: Trialled): Promise<void>;
}

/** How candidates are measured. */
export interface MeasureOptions {
  readonly seed: number;
  readonly journal: TrialJournal;
  /** The metric of the score. */
  readonly metric: Metric;
  /** The metric that candidates are compared by. */
  readonly objective: Metric;
  /** Examples that are not asked about: their answers stand in the prompts of some candidate. */
  readonly reserved: ReadonlySet<Example>;
  /** Called after a candidate was measured; what it says is kept with the trial. */
  readonly spent?: () => Spent;
}

/**
 * Measures a candidate on examples, each by what was fitted without it; what the journal knows is not done again.
 * Those reserved are learned from, but not asked about.
 */
export async function measureCandidate(
  profile: TaskProfile,
  candidate: Candidate,
  part: readonly Example[],
  { seed, journal, metric, objective, reserved, spent }: MeasureOptions,
): Promise<{ trial: Trial; again: boolean; spent: Spent | null }> {
  const { folds, key } = placeOf(profile, candidate, part, seed);
  const known = await journal.get(key);
  const { outputs: all, tokensPerRecord } = known ?? (await candidate.heldOut(part, folds.assigned));
  const time = known === null ? spent?.() : known.spent;
  if (known === null)
    await journal.set(key, { outputs: all, tokensPerRecord, ...(time === undefined ? {} : { spent: time }) });
  const asked = Array.from(part.keys()).filter((i) => !reserved.has(part[i] as Example));
  const examples = asked.map((i) => part[i] as Example);
  const outputs = decideHeldOut(
    profile,
    examples,
    asked.map((i) => all[i] as Output),
    asked.map((i) => folds.assigned[i] as number),
  );
  const prepared = prepare(profile, examples, outputs, metric);
  const [interval = null] = bootstrapIntervals([prepared], { seed, resamples: intervalResamples });
  return {
    again: known !== null,
    spent: time ?? null,
    trial: {
      key: candidate.key,
      title: candidate.title,
      complexity: candidate.complexity,
      layers: candidate.layers,
      examples,
      n: examples.length,
      folds: folds.count,
      score: prepared.value() ?? 0,
      interval,
      objectiveValue: objectiveValueOf(
        objective,
        (objective === metric ? prepared : prepare(profile, examples, outputs, objective)).value(),
      ),
      tokensPerRecord,
      prefixTokens: candidate.prefixTokens ?? 0,
      outputs,
    },
  };
}

/** Whether the journal knows a trial, so that it takes no time. */
export async function isKnownTrial(
  profile: TaskProfile,
  candidate: Candidate,
  part: readonly Example[],
  { seed, journal }: Pick<MeasureOptions, 'seed' | 'journal'>,
): Promise<boolean> {
  return (await journal.get(placeOf(profile, candidate, part, seed).key)) !== null;
}

/** The folds of a trial, and its key in the journal. */
function placeOf(profile: TaskProfile, candidate: Candidate, part: readonly Example[], seed: number) {
  const folds = foldsFor(profile, part, seed);
  return { folds, key: `${candidate.key} n=${part.length} folds=${folds.count}` };
}

export function prepare(
  { labels, multiLabel }: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  metric: Metric,
): PreparedMetric {
  return metric.prepare(pairsOf(examples, outputs), { labels: labels.map(({ name }) => name), multiLabel });
}

/** Examples and what was said of them, in order; what was not said has failed. */
export function pairsOf(examples: readonly Example[], outputs: readonly Output[]): Pair[] {
  return examples.map(({ record, gold }, i) => ({
    id: record.id,
    text: record.text,
    gold,
    output: outputs[i] ?? null,
  }));
}
