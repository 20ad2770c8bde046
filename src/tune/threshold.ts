import { usageError } from '../errors.js';
import { memo } from '../methods/candidates/memo.js';
import { decideLabels } from '../methods/decide.js';
import { bestF1Threshold, bestFirst, type Decision, thresholdAfter } from '../metrics/best-f1.js';
import { classified, labelsOf } from '../task-types/classify/values.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, Output, TaskProfile, Threshold } from '../types.js';

/** The precision or coverage that a threshold must reach on held-out examples. */
export type ThresholdTarget = { readonly precision: number } | { readonly coverage: number };

export interface ChosenThreshold {
  readonly value: Threshold;
  /** Null where F1 chose it. */
  readonly shares: ThresholdShares | null;
}

export interface ThresholdShares {
  /** Share of the results that are given. */
  readonly coverage: number;
  /** Share of the given results that are right. */
  readonly reached: number;
}

/** The lowest threshold with which what is given is right often enough, or the highest with which enough is given. */
export function chooseThreshold(
  profile: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  target: ThresholdTarget,
): ChosenThreshold & { readonly shares: ThresholdShares } {
  const decisions = bestFirst(
    examples.flatMap(({ gold }, i) => {
      const output = outputs[i];
      return output === undefined ? [] : taskTypes[profile.type].decisions(gold, output);
    }),
  );
  if (decisions.length === 0) throw usageError('nothing was predicted, so that no threshold can be chosen');
  let right = 0;
  let chosen = -1;
  let rightThen = 0;
  /** The most precise beginning, and of equally precise ones the longest. */
  let highest = { precision: 0, count: 0 };
  decisions.forEach((decision, i) => {
    if (decision.right) right++;
    // Equal scores pass together.
    if (decisions[i + 1]?.score === decision.score) return;
    const precision = right / (i + 1);
    if (precision >= highest.precision) highest = { precision, count: i + 1 };
    const holds =
      'precision' in target
        ? precision >= target.precision
        : chosen === -1 && (i + 1) / decisions.length >= target.coverage;
    if (!holds) return;
    chosen = i;
    rightThen = right;
  });
  if (chosen === -1) {
    throw usageError(
      `no threshold reaches the precision ${'precision' in target ? target.precision : ''}: the highest is ${roundedDown(highest.precision)}, with the surest ${highest.count} of ${decisions.length} results (${Math.round((100 * highest.count) / decisions.length)} %).`,
      'Ask for that or less (what was measured is kept), or label more examples.',
    );
  }
  return {
    value: { min: thresholdAfter(decisions, chosen), below: profile.threshold.below },
    shares: { coverage: (chosen + 1) / decisions.length, reached: rightThen / (chosen + 1) },
  };
}

/** Three digits, and no more than the share: whoever asks for it shall get it. */
function roundedDown(share: number): string {
  return (Math.floor(share * 1000) / 1000).toFixed(3);
}

/** Where several labels can hold, what says so unless the task has its own mind: more likely than not. */
const usualForLabels = 0.5;

/** Whether the threshold of a task with several labels is for tuning to choose. */
function isOpen({ multiLabel, threshold }: TaskProfile): boolean {
  return multiLabel && threshold.min === usualForLabels;
}

/**
 * The threshold with the best micro F1 of several labels.
 * @returns null where labels are not decided one by one, or the task has a threshold of its own
 */
export function bestThreshold(
  profile: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
): ChosenThreshold | null {
  if (!isOpen(profile)) return null;
  return { value: { min: bestF1(examples, outputs), below: profile.threshold.below }, shares: null };
}

/**
 * Held-out outputs with several labels as they will be decided: at the task's own threshold, or at the best one for the
 * examples of the other folds, so that no example has a say in its own.
 * @param fold the fold of each example
 */
export function decideHeldOut(
  profile: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  fold: ArrayLike<number>,
): readonly Output[] {
  if (!profile.multiLabel) return outputs;
  const minimumFor = memo((own: number) => {
    if (!isOpen(profile)) return profile.threshold.min;
    const isOther = (_: unknown, row: number) => fold[row] !== own;
    return bestF1(examples.filter(isOther), outputs.filter(isOther));
  });
  return outputs.map((output, i) => {
    const labelled = classified(output);
    return labelled === null
      ? output
      : decideLabels(labelled, { ...profile.threshold, min: minimumFor(fold[i] as number) }, profile.labels);
  });
}

function bestF1(examples: readonly Example[], outputs: readonly Output[]): number {
  let wanted = 0;
  const decisions = examples.flatMap(({ gold }, i): Decision[] => {
    const output = classified(outputs[i]);
    if (output === null) return [];
    const labels = labelsOf(gold);
    wanted += labels.length;
    return Object.entries(output.scores).map(([label, score]) => ({ score, right: labels.includes(label) }));
  });
  return bestF1Threshold(decisions, wanted) ?? usualForLabels;
}
