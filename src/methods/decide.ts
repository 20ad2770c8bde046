import { scored, scoreOf } from '../task-types/classify/values.js';
import type { ClassifyOutput, Label, Output, TaskProfile, Threshold } from '../types.js';

/** An output with a probability for each label, in their order; nothing is decided yet. */
export function undecided(names: readonly string[], probabilities: ArrayLike<number>): ClassifyOutput {
  return scored(Object.fromEntries(names.map((name, i) => [name, probabilities[i] ?? 0])));
}

/** Decides outputs by a profile's threshold: one label, or each by itself where several can hold. */
export function deciderFor(
  { threshold, labels }: TaskProfile,
  multiLabel: boolean,
): (output: Output) => ClassifyOutput {
  const decide = multiLabel ? decideLabels : decideLabel;
  return (output) => decide(output as ClassifyOutput, threshold, labels);
}

/** The most probable label, unless it is below the threshold. The first of equals in the profile's order wins. */
export function decideLabel(
  output: ClassifyOutput,
  threshold: Threshold,
  labels: readonly Pick<Label, 'name'>[],
): ClassifyOutput {
  const scored = labels.map(({ name }): [string, number] => [name, scoreOf(output.scores, name)]);
  const [best, score] = scored.reduce((a, b) => (b[1] > a[1] ? b : a));
  if (score >= threshold.min) return { ...output, labels: [best], score, abstained: false };
  if (threshold.below === 'abstain') return { ...output, labels: [], score, abstained: true };
  return { ...output, labels: [threshold.below], score, abstained: false };
}

/** Every label at or above the threshold; none is an answer too. */
export function decideLabels(
  output: ClassifyOutput,
  threshold: Threshold,
  labels: readonly Pick<Label, 'name'>[],
): ClassifyOutput {
  const passed = labels.map(({ name }) => name).filter((name) => scoreOf(output.scores, name) >= threshold.min);
  const score = Math.max(...Object.values(output.scores));
  return { ...output, labels: passed, score, abstained: false };
}
