import { usageError } from '../errors.js';
import { memo } from '../methods/candidates/memo.js';
import { decideLabels } from '../methods/decide.js';
import { isRight } from '../methods/passage-spans/answer-judge.js';
import { bestF1Threshold, bestFirst, type Decision, thresholdAfter } from '../metrics/best-f1.js';
import { entityKey } from '../spans.js';
import type { Example, Output, TaskProfile, Threshold } from '../types.js';

/** What a threshold is to reach on held-out examples. */
export type ThresholdTarget = { readonly precision: number } | { readonly coverage: number };

export interface ChosenThreshold {
  readonly value: Threshold;
  /** Null where F1 chose it. */
  readonly shares: ThresholdShares | null;
}

export interface ThresholdShares {
  /** Of the results, the share that is given. */
  readonly coverage: number;
  /** Of those, the share that is right. */
  readonly reached: number;
}

/** The lowest threshold with which what is given is right often enough, or the highest with which enough is given. */
export function chooseThreshold(
  profile: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  target: ThresholdTarget,
): ChosenThreshold & { readonly shares: ThresholdShares } {
  const decisions = bestFirst(examples.flatMap((example, i) => decisionsOf(example, outputs[i])));
  if (decisions.length === 0) throw usageError('nothing was predicted, so that no threshold can be chosen');
  let right = 0;
  let chosen = -1;
  let rightThen = 0;
  decisions.forEach((decision, i) => {
    if (decision.right) right++;
    // Equal scores pass together.
    if (decisions[i + 1]?.score === decision.score) return;
    const holds =
      'precision' in target
        ? right / (i + 1) >= target.precision
        : chosen === -1 && (i + 1) / decisions.length >= target.coverage;
    if (!holds) return;
    chosen = i;
    rightThen = right;
  });
  if (chosen === -1) {
    throw usageError(
      `no threshold reaches the precision ${'precision' in target ? target.precision : ''}: the ${decisions.length} surest results are less often right.`,
      'Ask for less, or label more examples.',
    );
  }
  return {
    value: { min: thresholdAfter(decisions, chosen), below: profile.threshold.below },
    shares: { coverage: (chosen + 1) / decisions.length, reached: rightThen / (chosen + 1) },
  };
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
  return outputs.map((output, i) =>
    output.type === 'classify'
      ? decideLabels(output, { ...profile.threshold, min: minimumFor(fold[i] as number) }, profile.labels)
      : output,
  );
}

function bestF1(examples: readonly Example[], outputs: readonly Output[]): number {
  let wanted = 0;
  const decisions = examples.flatMap(({ gold }, i): Decision[] => {
    const output = outputs[i];
    if (gold.type !== 'classify' || output?.type !== 'classify') return [];
    wanted += gold.labels.length;
    return Object.entries(output.scores).map(([label, score]) => ({ score, right: gold.labels.includes(label) }));
  });
  return bestF1Threshold(decisions, wanted) ?? usualForLabels;
}

function decisionsOf({ gold }: Example, output: Output | undefined): Decision[] {
  if (gold.type === 'classify' && output?.type === 'classify') {
    if (output.labels.length === 0) return [{ score: output.score, right: false }];
    return output.labels.map((label) => ({ score: output.scores[label] ?? 0, right: gold.labels.includes(label) }));
  }
  if (gold.type === 'extract' && output?.type === 'extract') {
    const wanted = new Set(gold.entities.map(entityKey));
    return output.entities.map((entity) => ({ score: entity.score ?? 0, right: wanted.has(entityKey(entity)) }));
  }
  if (gold.type === 'answer' && output?.type === 'answer') {
    // What is given below any threshold tells nothing of the precision above it.
    if (output.answer === null) return [{ score: output.score, right: false }];
    return [{ score: output.score, right: isRight(output.answer, gold.answers) }];
  }
  return [];
}
