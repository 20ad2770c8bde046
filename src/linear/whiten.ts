import type { DenseMatrix } from './matrix.js';
import type { LinearModel } from './model.js';
import type { SingleTargets } from './targets.js';

/** white = scale · L⁻¹ · (value − mean), with L · Lᵀ the covariance within the classes, shrunk. */
export interface Whitener {
  readonly mean: Float64Array;
  /** Lower triangle, row by row. */
  readonly root: Float64Array;
  /** Brings the mean square of the features to 1, so that a strength of L2 means what it does for standardised ones. */
  readonly scale: number;
}

/**
 * Covariance of the features around the mean of their class, plus `shrink` times its mean variance on the diagonal: what
 * differs among texts of one label says little about the label. J. Friedman, "Regularized Discriminant Analysis",
 * Journal of the American Statistical Association 84, 1989.
 */
export function fitWhitener(X: DenseMatrix, { y, classes }: SingleTargets, shrink: number): Whitener {
  const { rows, columns: n, values } = X;
  const mean = new Float64Array(n);
  const means = new Float64Array(classes * n);
  const counts = new Float64Array(classes);
  for (let r = 0; r < rows; r++) {
    const c = y[r] as number;
    counts[c] = (counts[c] as number) + 1;
    for (let f = 0; f < n; f++) {
      const value = values[r * n + f] as number;
      mean[f] = (mean[f] as number) + value / rows;
      means[c * n + f] = (means[c * n + f] as number) + value;
    }
  }
  const covariance = new Float64Array(n * n);
  const away = new Float64Array(n);
  for (let r = 0; r < rows; r++) {
    const c = y[r] as number;
    for (let f = 0; f < n; f++) {
      away[f] = (values[r * n + f] as number) - (means[c * n + f] as number) / (counts[c] as number);
    }
    for (let f = 0; f < n; f++) {
      const one = away[f] as number;
      for (let g = 0, at = f * n; g <= f; g++, at++)
        covariance[at] = (covariance[at] as number) + one * (away[g] as number);
    }
  }
  let trace = 0;
  for (let f = 0; f < n; f++) trace += covariance[f * n + f] as number;
  // Where no class has two different rows there is nothing to even out.
  const added = trace > 0 ? (shrink * trace) / n : 1;
  for (let f = 0; f < n; f++) covariance[f * n + f] = (covariance[f * n + f] as number) + added;
  const root = cholesky(covariance, n);
  const white = whiten(X, { mean, root, scale: 1 }).values;
  let squares = 0;
  for (const value of white) squares += value * value;
  return { mean, root, scale: squares > 0 ? Math.sqrt(white.length / squares) : 1 };
}

/** The lower triangle L with L · Lᵀ = A, which is positive definite; A is overwritten. */
function cholesky(a: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (a[i * n + k] as number) * (a[j * n + k] as number);
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / (a[j * n + j] as number);
    }
  }
  return a;
}

export function whiten(X: DenseMatrix, { mean, root, scale }: Whitener): DenseMatrix {
  const { rows, columns: n } = X;
  const values = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    const from = r * n;
    for (let i = 0; i < n; i++) {
      let sum = ((X.values[from + i] as number) - (mean[i] as number)) * scale;
      for (let k = 0; k < i; k++) sum -= (root[i * n + k] as number) * (values[from + k] as number);
      values[from + i] = sum / (root[i * n + i] as number);
    }
  }
  return { ...X, values };
}

/** The model over plain features that gives the scores which `model` gives over white ones. */
export function fromWhiteFeatures<M extends LinearModel>(model: M, { mean, root, scale }: Whitener): M {
  const { classes, features: n } = model;
  const weights = new Float64Array(model.weights.length);
  const bias = new Float64Array(model.bias);
  for (let c = 0; c < classes; c++) {
    const at = c * n;
    // Solves Lᵀ · w = weights from the last on.
    for (let i = n - 1; i >= 0; i--) {
      let sum = (model.weights[at + i] as number) * scale;
      for (let k = i + 1; k < n; k++) sum -= (root[k * n + i] as number) * (weights[at + k] as number);
      weights[at + i] = sum / (root[i * n + i] as number);
    }
    for (let f = 0; f < n; f++) bias[c] = (bias[c] as number) - (weights[at + f] as number) * (mean[f] as number);
  }
  return { ...model, weights, bias };
}

/** The inverse of `fromWhiteFeatures`. */
export function toWhiteFeatures<M extends LinearModel>(model: M, { mean, root, scale }: Whitener): M {
  const { classes, features: n } = model;
  const weights = new Float64Array(model.weights.length);
  const bias = new Float64Array(model.bias);
  for (let c = 0; c < classes; c++) {
    const at = c * n;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += (root[k * n + i] as number) * (model.weights[at + k] as number);
      weights[at + i] = sum / scale;
      bias[c] = (bias[c] as number) + (model.weights[at + i] as number) * (mean[i] as number);
    }
  }
  return { ...model, weights, bias };
}
