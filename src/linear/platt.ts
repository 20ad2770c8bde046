import { train } from './logistic.js';
import { denseMatrix } from './matrix.js';

/** `probability = σ(slope · x + intercept)`. */
export interface Platt {
  readonly slope: number;
  readonly intercept: number;
}

/**
 * Platt 1999, "Probabilistic Outputs for Support Vector Machines": a logistic curve through scores whose truth is
 * known. The penalty keeps it finite when the two kinds are separable.
 */
export function fitPlatt(scores: readonly number[], holds: readonly boolean[]): Platt {
  const model = train(
    denseMatrix(
      scores.map((score) => [score]),
      1,
    ),
    { kind: 'single', classes: 2, y: Int32Array.from(holds, Number) },
    { l2: 0.1 },
  );
  const value = (values: Float64Array, at: number) => values[at] as number;
  return {
    slope: value(model.weights, 1) - value(model.weights, 0),
    intercept: value(model.bias, 1) - value(model.bias, 0),
  };
}

export function plattProbability({ slope, intercept }: Platt, score: number): number {
  return 1 / (1 + Math.exp(-(slope * score + intercept)));
}

/** log-odds of a probability, within ±12: beyond that there is nothing to tell apart. A hair above 1 counts as 1. */
export function boundedLogit(probability: number): number {
  if (probability >= 1) return 12;
  const logit = Math.log(probability / (1 - probability));
  return Math.max(-12, Math.min(12, logit));
}

/** The probability that a curve through log-odds makes of a probability. */
export function sureScore(platt: Platt, probability: number): number {
  return plattProbability(platt, boundedLogit(probability));
}
