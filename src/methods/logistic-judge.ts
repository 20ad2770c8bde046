import { train } from '../linear/logistic.js';
import { denseMatrix } from '../linear/matrix.js';
import type { LinearModel } from '../linear/model.js';

/** A logistic model over a few features: log-odds are the intercept and the weighted sum of what it sees. */
export interface Logistic {
  readonly weights: readonly number[];
  readonly intercept: number;
}

/** One that has fewer weights than there are features was fitted before the last of them were there. */
export function logOdds({ weights, intercept }: Logistic, features: readonly number[]): number {
  return features.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), intercept);
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/**
 * Fits a model to rows that are right or wrong; there are some of both.
 * @param towards what the weights are drawn to: zero without it. Few rows leave them there.
 */
export function fitLogistic(
  features: readonly (readonly number[])[],
  right: readonly boolean[],
  { towards, l2 = 2 }: { readonly towards?: Logistic; readonly l2?: number } = {},
): Logistic {
  const count = features[0]?.length ?? 0;
  const model = train(
    denseMatrix(features, count),
    { kind: 'single', classes: 2, y: Int32Array.from(right, Number) },
    { l2, standardise: true, ...(towards === undefined ? {} : { towards: linearOf(towards, count) }) },
  );
  const difference = (values: Float64Array, step: number, at: number) =>
    (values[step + at] as number) - (values[at] as number);
  return {
    weights: Array.from({ length: count }, (_, i) => difference(model.weights, count, i)),
    intercept: difference(model.bias, 1, 0),
  };
}

/** As a model of two classes; features that it has no weight for count nothing. */
function linearOf({ weights, intercept }: Logistic, features: number): LinearModel {
  const second = Array.from({ length: features }, (_, i) => weights[i] ?? 0);
  return {
    link: 'softmax',
    classes: 2,
    features,
    weights: Float64Array.from([...second.map(() => 0), ...second]),
    bias: Float64Array.from([0, intercept]),
  };
}
