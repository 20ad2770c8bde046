import type { DenseMatrix, Matrix } from './matrix.js';
import { multiplyTransposed } from './multiply.js';

/** score of class c = weights[c] · x + bias[c]. */
export interface LinearModel {
  /** `softmax`: one class holds. `sigmoid`: each class holds or not by itself. */
  readonly link: 'softmax' | 'sigmoid';
  readonly classes: number;
  readonly features: number;
  /** classes × features. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** Scores before the link, rows × classes. A row's scores do not depend on the rows beside it. */
export function predictScores(model: LinearModel, X: Matrix): DenseMatrix {
  const { classes, features, weights, bias } = model;
  if (X.columns !== features) throw new Error(`the model has ${features} features, the data ${X.columns}`);
  const values = new Float64Array(X.rows * classes);
  if (X.kind === 'dense') {
    const rows = X.values instanceof Float64Array ? X.values : new Float64Array(X.values);
    multiplyTransposed(rows, weights, values, X.rows, classes, features);
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + (bias[at % classes] as number);
  } else {
    for (let r = 0; r < X.rows; r++) {
      for (let c = 0; c < classes; c++) {
        let score = bias[c] as number;
        for (let e = X.offsets[r] as number; e < (X.offsets[r + 1] as number); e++) {
          score += (X.values[e] as number) * (weights[c * features + (X.indices[e] as number)] as number);
        }
        values[r * classes + c] = score;
      }
    }
  }
  return { kind: 'dense', rows: X.rows, columns: classes, values };
}

/** Log-probability of each class, nats, rows × classes. With `sigmoid`, that the class holds. */
export function predictLogProbabilities(model: LinearModel, X: Matrix): DenseMatrix {
  return logProbabilities(predictScores(model, X), model.link);
}

/** Log-probabilities from scores. */
export function logProbabilities(scores: DenseMatrix, link: LinearModel['link']): DenseMatrix {
  const values = new Float64Array(scores.values);
  if (link === 'softmax') {
    for (let r = 0; r < scores.rows; r++) {
      normalise(values.subarray(r * scores.columns, (r + 1) * scores.columns));
    }
  } else {
    values.forEach((score, at) => {
      values[at] = Math.min(score, 0) - Math.log1p(Math.exp(-Math.abs(score)));
    });
  }
  return { kind: 'dense', rows: scores.rows, columns: scores.columns, values };
}

/** log softmax, in place. */
function normalise(row: Float64Array): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (const score of row) highest = Math.max(highest, score);
  let sum = 0;
  for (const score of row) sum += Math.exp(score - highest);
  const total = highest + Math.log(sum);
  for (let c = 0; c < row.length; c++) row[c] = (row[c] as number) - total;
}
