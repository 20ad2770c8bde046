import { usageError } from '../errors.js';
import { isRight } from '../methods/answer-judge.js';
import { entityKey } from '../spans.js';
import type { Example, Output, TaskProfile, Threshold } from '../types.js';

/** What a threshold is to reach on held-out examples. */
export type ThresholdTarget = { readonly precision: number } | { readonly coverage: number };

/** One thing that is given or held back: a label, or an entity. */
interface Decision {
  readonly score: number;
  readonly right: boolean;
}

/**
 * The lowest threshold with which what is given is right often enough, or the highest with which enough is given.
 * @returns the share that is given, and the share of it that is right
 */
export function chooseThreshold(
  profile: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  target: ThresholdTarget,
): { value: Threshold; coverage: number; reached: number } {
  const decisions = examples
    .flatMap((example, i) => decisionsOf(example, outputs[i]))
    .sort((a, b) => b.score - a.score);
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
  const here = (decisions[chosen] as Decision).score;
  const next = decisions[chosen + 1]?.score;
  // Between the two, so that rounding decides nothing; where they are closer than it is fine, the score itself.
  const between = Math.round(((here + (next ?? 0)) / 2) * 10_000) / 10_000;
  const parts = between <= here && between > (next ?? Number.NEGATIVE_INFINITY);
  return {
    value: { min: parts ? between : here, below: profile.threshold.below },
    coverage: (chosen + 1) / decisions.length,
    reached: rightThen / (chosen + 1),
  };
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
