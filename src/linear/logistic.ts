import { minimise } from './lbfgs.js';
import { lossFor } from './loss.js';
import type { DenseMatrix, Matrix } from './matrix.js';
import type { LinearModel } from './model.js';
import { objective } from './objective.js';
import { fitStandardiser, standardise, toPlainFeatures, toStandardisedFeatures } from './standardise.js';
import { type ClassWeight, rowsOf, type SingleTargets, type Targets, weightsOf } from './targets.js';
import { fitWhitener, fromWhiteFeatures, toWhiteFeatures, whiten } from './whiten.js';

export interface TrainOptions {
  /** Strength of the penalty l2 / 2 · ‖weights‖², against the sum of the losses; 1 / C of scikit-learn. Defaults to 1. */
  readonly l2?: number;
  /** Defaults to every row counting the same. */
  readonly classWeight?: ClassWeight;
  /** Penalises the weights of standardised features; the model that comes back takes plain ones. Defaults to false. */
  readonly standardise?: boolean;
  /**
   * Also evens out how features spread within the classes, the less the larger it is: penalises weights in the metric of
   * that spread. Dense features and single targets only; takes the place of `standardise`. Defaults to no.
   */
  readonly spread?: number;
  /**
   * Largest component that the gradient of the mean loss may have at the end. Defaults to 1e-5: 1,000 rows ×
   * 640 correlated features × 77 classes take 28 to 115 iterations (2 to 6 s), to 1e-6 twice that.
   */
  readonly tolerance?: number;
  /** Defaults to 1,000. */
  readonly maxIterations?: number;
  /** Where to begin; defaults to all zeros. */
  readonly start?: LinearModel;
  /** Penalises the distance from the weights of this model in place of their size, and begins there. */
  readonly towards?: LinearModel;
}

export interface TrainedModel extends LinearModel {
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * Logistic regression with L2 and an unpenalised intercept: multinomial for single targets, one against the rest
 * for multi. Two single classes are fitted as one decision, whose weights stand in class 1 (class 0 has zeros),
 * which is what scikit-learn does; the penalty is then on the difference of the two.
 *
 * Our own because none on npm is as exact: ml-logistic-regression 2.0.0 takes 50,000 fixed gradient steps, one
 * class against the rest, without intercept, L2 or a stopping rule; TensorFlow.js has first-order optimisers only.
 */
export function train(X: Matrix, targets: Targets, options: TrainOptions = {}): TrainedModel {
  if (rowsOf(targets) !== X.rows) throw new Error(`${X.rows} rows of features, ${rowsOf(targets)} of targets`);
  if (X.rows === 0) throw new Error('nothing to train on');
  const { start, towards, ...rest } = options;
  const map = mapFeatures(X, targets, options);
  const mapped = {
    ...(start === undefined ? {} : { start: map.mapped(start) }),
    ...(towards === undefined ? {} : { towards: map.mapped(towards) }),
  };
  return map.plain(fit(map.apply(X), targets, { ...rest, ...mapped }));
}

/** Features as they are penalised, and models over them as models over plain ones and back. */
export interface FeatureMap {
  apply<M extends Matrix>(X: M): M;
  plain<M extends LinearModel>(model: M): M;
  mapped<M extends LinearModel>(model: M): M;
}

/** As the options ask for, fitted on these rows. */
export function mapFeatures(
  X: Matrix,
  targets: Targets,
  { standardise: scaled = false, spread }: Pick<TrainOptions, 'standardise' | 'spread'>,
): FeatureMap {
  if (spread !== undefined) {
    if (X.kind === 'sparse' || targets.kind === 'multi') throw new Error('spread takes dense features, single targets');
    const whitener = fitWhitener(X, targets, spread);
    return {
      apply: <M extends Matrix>(rows: M) => whiten(rows as DenseMatrix, whitener) as Matrix as M,
      plain: (model) => fromWhiteFeatures(model, whitener),
      mapped: (model) => toWhiteFeatures(model, whitener),
    };
  }
  if (!scaled) return { apply: (rows) => rows, plain: (model) => model, mapped: (model) => model };
  const standardiser = fitStandardiser(X);
  return {
    apply: (rows) => standardise(rows, standardiser),
    plain: (model) => toPlainFeatures(model, standardiser),
    mapped: (model) => toStandardisedFeatures(model, standardiser),
  };
}

function fit(X: Matrix, targets: Targets, options: TrainOptions): TrainedModel {
  const { l2 = 1, tolerance = 1e-5, maxIterations = 1000, towards, start = towards } = options;
  const weights = weightsOf(targets, options.classWeight);
  const binary = targets.kind === 'single' && targets.classes === 2;
  const loss = lossFor(targets, weights, binary ? 'one' : 'each');
  const outputs = binary ? 1 : targets.classes;
  const total = weights.reduce((sum, weight) => sum + weight, 0) / (targets.kind === 'multi' ? targets.classes : 1);
  const problem = objective(X, { outputs, loss, l2, scale: 1 / total });
  if (start !== undefined) load(problem.parameters, problem.weightIndex, start, outputs);
  if (towards !== undefined) {
    const all = new Float64Array(problem.parameters.length);
    load(all, problem.weightIndex, towards, outputs);
    problem.centre.set(all.subarray(0, problem.centre.length));
  }
  const { x, iterations, converged } = minimise(problem.evaluate, problem.parameters, { tolerance, maxIterations });

  const model = emptyModel(targets, X.columns);
  const first = binary ? 1 : 0;
  for (let c = 0; c < outputs; c++) {
    for (let f = 0; f < X.columns; f++) {
      model.weights[(first + c) * X.columns + f] = x[problem.weightIndex(c, f)] as number;
    }
    model.bias[first + c] = x[outputs * X.columns + c] as number;
  }
  return { ...model, iterations, converged };
}

function emptyModel({ kind, classes }: Targets, features: number): LinearModel {
  return {
    link: kind === 'single' ? 'softmax' : 'sigmoid',
    classes,
    features,
    weights: new Float64Array(classes * features),
    bias: new Float64Array(classes),
  };
}

function load(
  parameters: Float64Array,
  weightIndex: (c: number, f: number) => number,
  start: LinearModel,
  outputs: number,
): void {
  const { features, weights, bias, classes } = start;
  if (features * outputs + outputs !== parameters.length || classes < outputs) {
    throw new Error(`the start has ${features} features and ${classes} classes, which the data has not`);
  }
  // One decision between two classes is the difference of their scores.
  const binary = outputs === 1 && classes === 2;
  const first = binary ? 1 : 0;
  for (let c = 0; c < outputs; c++) {
    for (let f = 0; f < features; f++) {
      const weight = weights[(first + c) * features + f] as number;
      parameters[weightIndex(c, f)] = binary ? weight - (weights[f] as number) : weight;
    }
    const intercept = bias[first + c] as number;
    parameters[outputs * features + c] = binary ? intercept - (bias[0] as number) : intercept;
  }
}

/** Targets from class indices. */
export function singleTargets(y: ArrayLike<number>, classes: number): SingleTargets {
  return { kind: 'single', classes, y: Int32Array.from(y) };
}
