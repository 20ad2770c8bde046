import type { Matrix } from './matrix.js';
import type { LinearModel } from './model.js';

/** standardised = (value − mean) / scale, feature by feature. */
export interface Standardiser {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

/**
 * Mean and standard deviation (over n, as scikit-learn's StandardScaler has it) of each feature; a constant
 * feature keeps scale 1. Sparse data is scaled only, its mean stays 0, so that zeros remain zeros.
 */
export function fitStandardiser(X: Matrix): Standardiser {
  const mean = new Float64Array(X.columns);
  const squares = new Float64Array(X.columns);
  if (X.kind === 'sparse') {
    // Deviation around the true mean, although the mean is not taken away.
    eachEntry(X, (f, value) => {
      mean[f] = (mean[f] as number) + value / X.rows;
      squares[f] = (squares[f] as number) + (value * value) / X.rows;
    });
    const scale = squares.map((square, f) => deviation(square - (mean[f] as number) ** 2));
    return { mean: new Float64Array(X.columns), scale };
  }
  eachEntry(X, (f, value) => {
    mean[f] = (mean[f] as number) + value;
  });
  for (let f = 0; f < X.columns; f++) mean[f] = (mean[f] as number) / X.rows;
  eachEntry(X, (f, value) => {
    squares[f] = (squares[f] as number) + (value - (mean[f] as number)) ** 2;
  });
  return { mean, scale: squares.map((square) => deviation(square / X.rows)) };
}

function deviation(variance: number): number {
  // Below this the feature is constant up to rounding.
  return variance > 1e-20 ? Math.sqrt(variance) : 1;
}

function eachEntry(X: Matrix, visit: (feature: number, value: number) => void): void {
  for (let at = 0; at < X.values.length; at++) {
    visit(X.kind === 'dense' ? at % X.columns : (X.indices[at] as number), X.values[at] as number);
  }
}

export function standardise<M extends Matrix>(X: M, standardiser: Standardiser): M;
export function standardise(X: Matrix, { mean, scale }: Standardiser): Matrix {
  const values = new Float64Array(X.values.length);
  for (let at = 0; at < values.length; at++) {
    const f = X.kind === 'dense' ? at % X.columns : (X.indices[at] as number);
    values[at] = ((X.values[at] as number) - (mean[f] as number)) / (scale[f] as number);
  }
  return { ...X, values };
}

/** The model over plain features that gives the scores which `model` gives over standardised ones. */
export function toPlainFeatures<M extends LinearModel>(model: M, { mean, scale }: Standardiser): M {
  const weights = new Float64Array(model.weights.length);
  const bias = new Float64Array(model.bias);
  for (let c = 0; c < model.classes; c++) {
    for (let f = 0; f < model.features; f++) {
      const weight = (model.weights[c * model.features + f] as number) / (scale[f] as number);
      weights[c * model.features + f] = weight;
      bias[c] = (bias[c] as number) - weight * (mean[f] as number);
    }
  }
  return { ...model, weights, bias };
}

/** The inverse of `toPlainFeatures`. */
export function toStandardisedFeatures<M extends LinearModel>(model: M, { mean, scale }: Standardiser): M {
  const weights = new Float64Array(model.weights.length);
  const bias = new Float64Array(model.bias);
  for (let c = 0; c < model.classes; c++) {
    for (let f = 0; f < model.features; f++) {
      const weight = model.weights[c * model.features + f] as number;
      weights[c * model.features + f] = weight * (scale[f] as number);
      bias[c] = (bias[c] as number) + weight * (mean[f] as number);
    }
  }
  return { ...model, weights, bias };
}
