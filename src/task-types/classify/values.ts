import type { ClassifyOutput, Gold, Output } from '../../types.js';

/** The labels of gold; none where it is of another type. */
export function labelsOf(gold: Gold): readonly string[] {
  return gold.type === 'classify' ? gold.labels : [];
}

/** The output as one with labels; null where it is of another type. */
export function classified(output: Output | null | undefined): ClassifyOutput | null {
  return output?.type === 'classify' ? output : null;
}

/** The probability of a label; 0 where there is none, also for a label that is called like a member of every object. */
export function scoreOf(scores: Readonly<Record<string, number>>, label: string): number {
  return Object.hasOwn(scores, label) ? (scores[label] as number) : 0;
}

/** An output with these probabilities. */
export function scored(
  scores: Readonly<Record<string, number>>,
  labels: readonly string[] = [],
  score = 0,
): ClassifyOutput {
  return { type: 'classify', labels, abstained: false, score, scores };
}
