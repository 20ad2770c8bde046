import { fitBlend } from '../linear/blend.js';
import { denseMatrix } from '../linear/matrix.js';

/**
 * Label scores of a prompt are biased: towards labels that are common in the training text, or that stand last in
 * the prompt. A calibration takes that off: `log p(label) = temperature⁻¹ · score − bias`, renormalised.
 */
export interface Calibration {
  /** One for each label, nats. */
  readonly bias: readonly number[];
  /** Divides the scores; 1 leaves them. */
  readonly temperature: number;
}

export const calibrationKinds = ['none', 'contextual', 'batch', 'fitted'] as const;
export type CalibrationKind = (typeof calibrationKinds)[number];

export function noCalibration(labels: number): Calibration {
  return { bias: Array.from({ length: labels }, () => 0), temperature: 1 };
}

/**
 * Contextual calibration: the bias is what the prompt says about inputs without content.
 * Zhao et al. 2021, "Calibrate Before Use", arXiv:2102.09690. Here the diagonal matrix is applied as a
 * subtraction in log space, and the probabilities are averaged over several content-free inputs.
 * @param scores log-probability of each label for each content-free input
 */
export function contextualCalibration(scores: readonly (readonly number[])[]): Calibration {
  return { bias: logMeanProbabilities(scores), temperature: 1 };
}

/**
 * Batch calibration: the bias is the mean probability of each label over a batch of unlabelled inputs.
 * Zhou et al. 2024, "Batch Calibration", arXiv:2309.17249. Assumes that the labels are about equally common in
 * the batch; with the shares known, `prior` takes their place.
 * @param scores log-probability of each label for each input of the batch
 * @param prior share of each label in the batch; equal shares by default
 */
export function batchCalibration(scores: readonly (readonly number[])[], prior?: readonly number[]): Calibration {
  const mean = logMeanProbabilities(scores);
  return {
    bias: prior === undefined ? mean : mean.map((value, i) => value - Math.log(prior[i] as number)),
    temperature: 1,
  };
}

/**
 * Calibration fitted on labelled examples: one temperature and a bias a label, by log-likelihood.
 * Guo et al. 2017, arXiv:1706.04599, with the biases of Alexandari et al. 2020, arXiv:1901.06852.
 * @param gold index of the right label for each row
 */
export function fittedCalibration(scores: readonly (readonly number[])[], gold: readonly number[]): Calibration {
  const columns = scores[0]?.length ?? 0;
  // Only differences between labels count. Starting from batch calibration keeps the penalty on the bias small.
  const start = batchCalibration(scores).bias;
  const shifted = scores.map((row) => logSoftmax(row).map((value, i) => value - (start[i] as number)));
  const fitted = fitBlend(
    [denseMatrix(shifted, columns)],
    { kind: 'single', classes: columns, y: Int32Array.from(gold) },
    { bias: 'each' },
  );
  const temperature = 1 / (fitted.factors[0] as number);
  return { temperature, bias: start.map((value, i) => value / temperature - (fitted.bias[i] as number)) };
}

/** Calibrated probabilities; they sum to 1. */
export function calibrate(scores: readonly number[], calibration: Calibration): number[] {
  return softmax(scores.map((score, i) => score / calibration.temperature - (calibration.bias[i] as number)));
}

export function softmax(values: readonly number[]): number[] {
  const max = Math.max(...values);
  const weights = values.map((value) => Math.exp(value - max));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Log-probabilities, nats; those of next to nothing are bounded. */
export function logSoftmax(values: readonly number[]): number[] {
  return softmax(values).map((p) => Math.log(Math.max(p, 1e-12)));
}

function logMeanProbabilities(scores: readonly (readonly number[])[]): number[] {
  const probabilities = scores.map(softmax);
  const labels = probabilities[0]?.length ?? 0;
  return Array.from({ length: labels }, (_, i) =>
    Math.log(probabilities.reduce((sum, row) => sum + (row[i] as number), 0) / probabilities.length),
  );
}

/** A description of the texts that calibration scores, for messages. */
export function calibrationItems(kind: CalibrationKind): string {
  return kind === 'contextual' ? 'texts without content' : 'examples';
}
