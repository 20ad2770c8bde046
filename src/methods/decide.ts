import type { ClassifyOutput, Threshold } from '../types.js';

/** The most probable label, unless it is below the threshold. The first of equals in the profile's order wins. */
export function decideLabel(output: ClassifyOutput, threshold: Threshold): ClassifyOutput {
  const [best, score] = Object.entries(output.scores).reduce((a, b) => (b[1] > a[1] ? b : a));
  if (score >= threshold.min) return { ...output, labels: [best], score, abstained: false };
  if (threshold.below === 'abstain') return { ...output, labels: [], score, abstained: true };
  return { ...output, labels: [threshold.below], score, abstained: false };
}

/** Every label at or above the threshold; none is an answer too. */
export function decideLabels(output: ClassifyOutput, threshold: Threshold): ClassifyOutput {
  const passed = Object.entries(output.scores).filter(([, score]) => score >= threshold.min);
  const score = Math.max(...Object.values(output.scores));
  return { ...output, labels: passed.map(([label]) => label), score, abstained: false };
}
