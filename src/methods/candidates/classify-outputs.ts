import type { DenseMatrix } from '../../linear/matrix.js';
import type { Targets, Taught } from '../../linear/targets.js';
import { labelsOf, scoreOf } from '../../task-types/classify/values.js';
import type { ClassifyOutput, Example, TaskProfile } from '../../types.js';
import { decideLabel, decideLabels, undecided } from '../decide.js';

/** The labels that outputs are about. */
type LabelSet = Pick<TaskProfile, 'multiLabel'> & { readonly labels: readonly { readonly name: string }[] };

/** Labels of examples as what a linear model learns. */
export function targetsOf(profile: LabelSet, examples: readonly Example[]): Targets {
  const classes = profile.labels.length;
  const indexOf = new Map(profile.labels.map(({ name }, i) => [name, i]));
  const taught = examples.some((example) => example.taught !== undefined) ? taughtOf(profile, examples) : {};
  if (!profile.multiLabel) {
    const y = Int32Array.from(examples, (example) => indexOf.get(labelsOf(example.gold)[0] ?? '') ?? 0);
    return { kind: 'single', classes, y, ...taught };
  }
  const y = new Uint8Array(examples.length * classes);
  examples.forEach((example, row) => {
    for (const label of labelsOf(example.gold)) y[row * classes + (indexOf.get(label) as number)] = 1;
  });
  return { kind: 'multi', classes, y, ...taught };
}

/** Label probabilities by a teacher; a label by a person has probability 1. */
function taughtOf({ labels }: LabelSet, examples: readonly Example[]): Taught {
  const soft = examples.flatMap(({ gold, taught }) => {
    const held = labelsOf(gold);
    return labels.map(({ name }) =>
      taught === undefined ? (held.includes(name) ? 1 : 0) : scoreOf(taught.scores, name),
    );
  });
  return {
    soft: Float64Array.from(soft),
    counts: Float64Array.from(examples, ({ taught }) => taught?.weight ?? 1),
  };
}

/** Outputs from log-probabilities, one row an example. */
export function outputsOf(profile: LabelSet, { rows, columns, values }: DenseMatrix): ClassifyOutput[] {
  return Array.from({ length: rows }, (_, row) =>
    outputOf(profile, Array.from(values.subarray(row * columns, (row + 1) * columns), Math.exp)),
  );
}

/** Decided without a threshold: that is chosen afterwards. */
export function outputOf({ labels, multiLabel }: LabelSet, probabilities: readonly number[]): ClassifyOutput {
  const output = undecided(
    labels.map(({ name }) => name),
    probabilities,
  );
  return multiLabel
    ? decideLabels(output, { min: 0.5, below: 'abstain' }, labels)
    : decideLabel(output, { min: 0, below: 'abstain' }, labels);
}

/** Output for an example whose answer stands in the prompt: every label is as likely. It is not measured. */
export function unknown(profile: TaskProfile): ClassifyOutput {
  return outputOf(
    profile,
    profile.labels.map(() => 1 / profile.labels.length),
  );
}
