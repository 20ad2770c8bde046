import type { Pair } from '../../../types.js';

/** Labels of a classified pair; `predicted` is empty when the task abstained and null when the record failed. */
export interface LabelPair {
  readonly gold: readonly string[];
  readonly predicted: readonly string[] | null;
}

/** Null when the pair is not one of classification. */
export function labelPair({ gold, output }: Pair): LabelPair | null {
  if (gold.type !== 'classify') return null;
  if (output === null || output.type !== 'classify') return { gold: gold.labels, predicted: null };
  return { gold: gold.labels, predicted: output.abstained ? [] : output.labels };
}

/** The same set of labels, in any order. */
export function sameLabels({ gold, predicted }: LabelPair): boolean {
  if (predicted === null) return false;
  const wanted = new Set(gold);
  const given = new Set(predicted);
  return wanted.size === given.size && [...wanted].every((label) => given.has(label));
}

/** The label with the highest probability, even if the method abstained. */
export interface TopLabel {
  readonly label: string;
  /** In [0, 1]. */
  readonly score: number;
  readonly right: boolean;
}

/** Null when the record failed, for there is no score then. The first label counts when scores are equal. */
export function topLabel({ gold, output }: Pair): TopLabel | null {
  if (gold.type !== 'classify' || output?.type !== 'classify') return null;
  let best: readonly [string, number] | null = null;
  for (const entry of Object.entries(output.scores)) {
    if (best === null || entry[1] > best[1]) best = entry;
  }
  const label = best?.[0] ?? output.labels[0];
  return label === undefined ? null : { label, score: output.score, right: gold.labels.includes(label) };
}
