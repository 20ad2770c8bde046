import type { ClassifyOutput, Gold, Output } from '../../types.js';

/** The labels of gold; none where it is of another type. */
export function labelsOf(gold: Gold): readonly string[] {
  return gold.type === 'classify' ? gold.labels : [];
}

/** The output as one with labels; null where it is of another type. */
export function classified(output: Output | null | undefined): ClassifyOutput | null {
  return output?.type === 'classify' ? output : null;
}

/** An output with these probabilities. */
export function scored(
  scores: Readonly<Record<string, number>>,
  labels: readonly string[] = [],
  score = 0,
): ClassifyOutput {
  return { type: 'classify', labels, abstained: false, score, scores };
}
