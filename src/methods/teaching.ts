import { applyBlend, type Blend, crossFitBlend, fitBlend } from '../linear/blend.js';
import { assignFolds } from '../linear/folds.js';
import { type DenseMatrix, denseMatrix } from '../linear/matrix.js';
import { logProbabilities } from '../linear/model.js';
import { classified, scoreOf } from '../task-types/classify/values.js';
import type { ClassifyOutput, Example, InputRecord, Output, TaskProfile } from '../types.js';
import { outputOf, targetsOf } from './candidates/classify-outputs.js';

type Labelled = Pick<TaskProfile, 'labels' | 'multiLabel'>;

/** With fewer labelled rows, what a teacher says is taken as it is. */
const fewestToCorrect = 20;
/** Draws the corrections of a teacher towards none, against the sum of the losses over the labelled rows. */
const correctionL2 = 2;
/** Probabilities are no closer to 0 or 1: a teacher that is certain and wrong could not be corrected. */
const certain = 1e-6;
/** A text that a teacher cannot decide still counts so much. */
const leastWeight = 0.1;
/** The likeliest label is less than this ahead of the next one (of yes and no, where each label is decided by itself). */
const unsureMargin = 0.2;

/** How far labelled rows put right what a teacher says: a temperature, and a bias of each label. */
export interface Correction {
  readonly blend: Blend;
  /** The teacher's outputs for the labelled rows, each calibrated by the others. */
  readonly heldOut: readonly ClassifyOutput[];
}

/** Null where there are too few labelled rows to tell. */
export function correctionFrom(
  profile: Labelled,
  gold: readonly Example[],
  outputs: readonly (Output | null)[],
  seed: number,
): Correction | null {
  const said = gold.flatMap((example, i) => {
    const output = classified(outputs[i] ?? null);
    return output === null ? [] : [{ example, output }];
  });
  if (said.length < fewestToCorrect) return null;
  const targets = targetsOf(
    profile,
    said.map(({ example }) => example),
  );
  const sources = [
    scoresOf(
      profile,
      said.map(({ output }) => output),
    ),
  ] as const;
  const options = { bias: profile.multiLabel ? 'common' : 'each', l2: correctionL2 } as const;
  const strata = Int32Array.from(said, (_, row) => (targets.kind === 'single' ? (targets.y[row] as number) : 0));
  const fold = assignFolds(strata, { folds: 5, seed });
  return {
    blend: fitBlend(sources, targets, options),
    heldOut: decided(profile, crossFitBlend(sources, targets, fold, options)),
  };
}

/** Texts with what a teacher says of them, put right where that is possible. What it could not do is left out. */
export function taughtExamples(
  profile: Labelled,
  records: readonly InputRecord[],
  outputs: readonly (Output | null)[],
  correction: Correction | null,
): Example[] {
  const said = records.flatMap((record, i) => {
    const output = classified(outputs[i] ?? null);
    return output === null ? [] : [{ record, output }];
  });
  const given = said.map(({ output }) => output);
  const labels =
    correction === null
      ? given.map((output) => outputFrom(profile, output.scores))
      : decided(profile, applyBlend([scoresOf(profile, given)], correction.blend));
  return said.map(({ record }, i) => {
    const output = labels[i] as ClassifyOutput;
    return {
      record,
      gold: { type: 'classify', labels: output.labels },
      taught: { scores: output.scores, weight: weightOf(profile, output.scores) },
    };
  });
}

/** Returns whether two answers are about as likely. */
export function isUnsure(
  { multiLabel }: Pick<TaskProfile, 'multiLabel'>,
  probabilities: Readonly<Record<string, number>>,
): boolean {
  const scores = Object.values(probabilities).sort((a, b) => b - a);
  if (multiLabel) return scores.some((score) => Math.abs(2 * score - 1) < unsureMargin);
  return (scores[0] ?? 0) - (scores[1] ?? 0) < unsureMargin;
}

/** Returns whether a result is unsure in this way. */
export function isUnsureOutput(profile: Pick<TaskProfile, 'multiLabel'>, output: Output): boolean {
  return isUnsure(profile, classified(output)?.scores ?? {});
}

/** 1 where one answer is certain, and hardly anything where all are as likely: one minus the entropy, of its largest value. */
function weightOf({ multiLabel }: Labelled, scores: Readonly<Record<string, number>>): number {
  const values = Object.values(scores);
  const surprise = (p: number) => (p > 0 ? -p * Math.log(p) : 0);
  const entropy = multiLabel
    ? values.reduce((sum, p) => sum + surprise(p) + surprise(1 - p), 0) / (values.length * Math.LN2)
    : values.reduce((sum, p) => sum + surprise(p), 0) / Math.log(Math.max(2, values.length));
  return Math.max(leastWeight, 1 - entropy);
}

function scoresOf({ labels, multiLabel }: Labelled, outputs: readonly ClassifyOutput[]): DenseMatrix {
  const rows = outputs.map(({ scores }) =>
    labels.map(({ name }) => {
      const p = Math.min(1 - certain, Math.max(certain, scoreOf(scores, name)));
      return multiLabel ? Math.log(p / (1 - p)) : Math.log(p);
    }),
  );
  return denseMatrix(rows, labels.length);
}

function decided(profile: Labelled, scores: DenseMatrix): ClassifyOutput[] {
  const { values, columns } = logProbabilities(scores, profile.multiLabel ? 'sigmoid' : 'softmax');
  return Array.from({ length: scores.rows }, (_, row) =>
    outputOf(profile, Array.from(values.subarray(row * columns, (row + 1) * columns), Math.exp)),
  );
}

function outputFrom(profile: Labelled, scores: Readonly<Record<string, number>>): ClassifyOutput {
  const given = profile.labels.map(({ name }) => scoreOf(scores, name));
  const sum = given.reduce((total, value) => total + value, 0);
  // Some of the labels only (`among`), or rounded.
  return outputOf(profile, profile.multiLabel || sum === 0 ? given : given.map((value) => value / sum));
}
