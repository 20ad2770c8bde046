import type { Evaluate } from './line-search.js';
import type { Loss } from './loss.js';
import type { DenseMatrix, Matrix, SparseMatrix } from './matrix.js';
import { multiplyTransposed } from './multiply.js';

/**
 * The function that is minimised: scale · (Σ loss + l2 / 2 · ‖weights − centre‖²), over weights and, unpenalised, one bias
 * an output.
 */
export interface Objective {
  readonly evaluate: Evaluate;
  /** Weights in the order that suits the data, then the biases. */
  readonly parameters: Float64Array;
  /** Where the penalty is 0, in the same order; all zeros unless it is filled in. */
  readonly centre: Float64Array;
  /** Where the weight of output c for feature f stands. */
  weightIndex(c: number, f: number): number;
}

export interface ObjectiveOptions {
  readonly outputs: number;
  readonly loss: Loss;
  readonly l2: number;
  readonly scale: number;
}

export function objective(X: Matrix, options: ObjectiveOptions): Objective {
  return X.kind === 'dense' ? denseObjective(X, options) : sparseObjective(X, options);
}

/** Weights by output, so that both products run along rows: scores = W · Xᵀ, gradient = residuals · (Xᵀ)ᵀ. */
function denseObjective(X: DenseMatrix, { outputs, loss, l2, scale }: ObjectiveOptions): Objective {
  const { rows, columns } = X;
  const values = X.values instanceof Float64Array ? X.values : new Float64Array(X.values);
  const transposed = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let f = 0; f < columns; f++) transposed[f * rows + r] = values[r * columns + f] as number;
  }
  const scores = new Float64Array(outputs * rows);
  const layout = { rows, outputs, row: 1, output: rows };
  const biases = outputs * columns;
  const parameters = new Float64Array(biases + outputs);
  const centre = new Float64Array(biases);
  const evaluate: Evaluate = (x, gradient) => {
    multiplyTransposed(x, values, scores, outputs, rows, columns);
    for (let at = 0, c = 0; c < outputs; c++) {
      const bias = x[biases + c] as number;
      for (let r = 0; r < rows; r++, at++) scores[at] = (scores[at] as number) + bias;
    }
    const sum = loss(scores, layout);
    multiplyTransposed(scores, transposed, gradient, outputs, columns, rows);
    for (let at = 0, c = 0; c < outputs; c++) {
      let total = 0;
      for (let r = 0; r < rows; r++, at++) total += scores[at] as number;
      gradient[biases + c] = total;
    }
    return penalised(sum, x, gradient, { centre, l2, scale });
  };
  return { evaluate, parameters, centre, weightIndex: (c, f) => c * columns + f };
}

/** Weights by feature, so that each entry of X touches neighbouring numbers. */
function sparseObjective(X: SparseMatrix, { outputs, loss, l2, scale }: ObjectiveOptions): Objective {
  const { rows, columns, offsets, indices, values } = X;
  const scores = new Float64Array(rows * outputs);
  const layout = { rows, outputs, row: outputs, output: 1 };
  const biases = outputs * columns;
  const parameters = new Float64Array(biases + outputs);
  const centre = new Float64Array(biases);
  const evaluate: Evaluate = (x, gradient) => {
    for (let r = 0; r < rows; r++) {
      const row = r * outputs;
      for (let c = 0; c < outputs; c++) scores[row + c] = x[biases + c] as number;
      const end = offsets[r + 1] as number;
      for (let e = offsets[r] as number; e < end; e++) {
        addScaled(scores, row, x, (indices[e] as number) * outputs, outputs, values[e] as number);
      }
    }
    const sum = loss(scores, layout);
    gradient.fill(0);
    for (let r = 0; r < rows; r++) {
      const row = r * outputs;
      for (let c = 0; c < outputs; c++) {
        gradient[biases + c] = (gradient[biases + c] as number) + (scores[row + c] as number);
      }
      const end = offsets[r + 1] as number;
      for (let e = offsets[r] as number; e < end; e++) {
        addScaled(gradient, (indices[e] as number) * outputs, scores, row, outputs, values[e] as number);
      }
    }
    return penalised(sum, x, gradient, { centre, l2, scale });
  };
  return { evaluate, parameters, centre, weightIndex: (c, f) => f * outputs + c };
}

/** target[at …] += factor · source[from …], `n` numbers; unrolled by hand, which halves the time of sparse training. */
function addScaled(
  target: Float64Array,
  at: number,
  source: Float64Array,
  from: number,
  n: number,
  factor: number,
): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const t0 = (target[at + i] as number) + factor * (source[from + i] as number);
    const t1 = (target[at + i + 1] as number) + factor * (source[from + i + 1] as number);
    const t2 = (target[at + i + 2] as number) + factor * (source[from + i + 2] as number);
    const t3 = (target[at + i + 3] as number) + factor * (source[from + i + 3] as number);
    target[at + i] = t0;
    target[at + i + 1] = t1;
    target[at + i + 2] = t2;
    target[at + i + 3] = t3;
  }
  for (; i < n; i++) target[at + i] = (target[at + i] as number) + factor * (source[from + i] as number);
}

/** Adds the penalty to the weights, which come first, and scales everything. */
function penalised(
  loss: number,
  x: Float64Array,
  gradient: Float64Array,
  { centre, l2, scale }: { readonly centre: Float64Array; readonly l2: number; readonly scale: number },
): number {
  let squares = 0;
  for (let i = 0; i < centre.length; i++) {
    const away = (x[i] as number) - (centre[i] as number);
    squares += away * away;
    gradient[i] = scale * ((gradient[i] as number) + l2 * away);
  }
  for (let i = centre.length; i < x.length; i++) gradient[i] = scale * (gradient[i] as number);
  return scale * (loss + 0.5 * l2 * squares);
}
