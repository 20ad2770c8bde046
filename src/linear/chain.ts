import { minimise } from './lbfgs.js';
import type { Loss } from './loss.js';
import type { DenseMatrix, Matrix } from './matrix.js';
import type { LinearModel } from './model.js';
import { objective } from './objective.js';

/**
 * A linear-chain conditional random field: the score of a sequence of classes is the sum of each row's class score
 * and of a score for each step from class to class. J. Lafferty, A. McCallum, F. Pereira, "Conditional Random
 * Fields", ICML 2001.
 */
export interface ChainModel extends LinearModel {
  readonly steps: ChainSteps;
}

/** Scores of beginnings and steps; −Infinity where a step cannot be. */
export interface ChainSteps {
  readonly classes: number;
  /** Score of a sequence that begins with the class. */
  readonly first: Float64Array;
  /** From × to, classes × classes. */
  readonly next: Float64Array;
}

/** Which beginnings and steps can be at all: 1 or 0, as in `ChainSteps`. */
export interface ChainMask {
  readonly first: Uint8Array;
  readonly next: Uint8Array;
}

export interface ChainOptions {
  /** Strength of l2 / 2 · ‖weights‖² against the sum of the losses, nats. */
  readonly l2: number;
  readonly mask: ChainMask;
  /** Largest component that the gradient of the mean loss a row may have at the end. Defaults to 1e-4. */
  readonly tolerance?: number;
  /** Defaults to 150. */
  readonly maxIterations?: number;
  readonly start?: ChainModel | undefined;
}

/** Strength of the penalty on steps: they are few, and each has many rows. */
const stepsL2 = 0.1;

/**
 * Fits by the log-likelihood of whole sequences. `lengths` are the rows of each sequence, in order, of `X` and `y`;
 * steps that the mask forbids must not be in `y`. Deterministic.
 */
export function trainChain(
  X: Matrix,
  y: Int32Array,
  lengths: ArrayLike<number>,
  classes: number,
  options: ChainOptions,
): ChainModel {
  if (y.length !== X.rows) throw new Error(`${X.rows} rows of features, ${y.length} of classes`);
  const { l2, mask, tolerance = 1e-4, maxIterations = 150, start } = options;
  const scale = 1 / Math.max(1, X.rows);
  const state: ChainState = { steps: new Float64Array(0), gradient: new Float64Array(0) };
  const loss = chainLoss(y, lengths, classes, mask, state);
  const inner = objective(X, { outputs: classes, loss, l2, scale });
  const size = inner.parameters.length;
  const x = new Float64Array(size + classes + classes * classes);
  if (start !== undefined) load(x, inner.weightIndex, start, size);
  minimise(
    (at, gradient) => {
      state.steps = at.subarray(size);
      state.gradient = gradient.subarray(size);
      const value = inner.evaluate(at.subarray(0, size), gradient.subarray(0, size));
      let squares = 0;
      for (let i = size; i < at.length; i++) {
        const step = at[i] as number;
        squares += step * step;
        gradient[i] = scale * ((gradient[i] as number) + stepsL2 * step);
      }
      return value + scale * 0.5 * stepsL2 * squares;
    },
    x,
    { tolerance, maxIterations },
  );

  const weights = new Float64Array(classes * X.columns);
  for (let c = 0; c < classes; c++) {
    for (let f = 0; f < X.columns; f++) weights[c * X.columns + f] = x[inner.weightIndex(c, f)] as number;
  }
  const allowed = (value: number, may: number | undefined) => (may === 1 ? value : Number.NEGATIVE_INFINITY);
  return {
    link: 'softmax',
    classes,
    features: X.columns,
    weights,
    bias: x.slice(classes * X.columns, size),
    steps: {
      classes,
      first: x.slice(size, size + classes).map((value, i) => allowed(value, mask.first[i])),
      next: x.slice(size + classes).map((value, i) => allowed(value, mask.next[i])),
    },
  };
}

function load(x: Float64Array, at: (c: number, f: number) => number, model: ChainModel, size: number): void {
  const { classes, features, weights, bias, steps } = model;
  for (let c = 0; c < classes; c++) {
    for (let f = 0; f < features; f++) x[at(c, f)] = weights[c * features + f] as number;
  }
  x.set(bias, classes * features);
  const finite = (values: Float64Array) => values.map((value) => (Number.isFinite(value) ? value : 0));
  x.set(finite(steps.first), size);
  x.set(finite(steps.next), size + classes);
}

/** Where the scores of steps and their derivatives stand during one evaluation: first, then next. */
interface ChainState {
  steps: Float64Array;
  gradient: Float64Array;
}

/** −log p(y | scores) of all sequences; leaves marginals − gold in the scores and expected − seen steps in the gradient. */
function chainLoss(
  y: Int32Array,
  lengths: ArrayLike<number>,
  classes: number,
  mask: ChainMask,
  state: ChainState,
): Loss {
  const longest = Array.from(lengths).reduce((most, length) => Math.max(most, length), 1);
  const work = createWork(longest, classes);
  return (scores, { row, output }) => {
    const { steps, gradient } = state;
    const K = classes;
    gradient.fill(0);
    for (let c = 0; c < K; c++) work.first[c] = mask.first[c] === 1 ? Math.exp(steps[c] as number) : 0;
    for (let i = 0; i < K * K; i++) work.next[i] = mask.next[i] === 1 ? Math.exp(steps[K + i] as number) : 0;
    let loss = 0;
    let from = 0;
    for (let s = 0; s < lengths.length; s++) {
      const n = lengths[s] as number;
      if (n > 0) loss += sequenceLoss(scores, row, output, y, from, n, K, steps, gradient, work);
      from += n;
    }
    return loss;
  };
}

interface Work {
  readonly first: Float64Array;
  readonly next: Float64Array;
  /** Exponentials of the scores, a row at a time divided by their largest. */
  readonly emit: Float64Array;
  readonly forward: Float64Array;
  readonly backward: Float64Array;
  readonly scales: Float64Array;
}

function createWork(longest: number, classes: number): Work {
  const table = () => new Float64Array(longest * classes);
  return {
    first: new Float64Array(classes),
    next: new Float64Array(classes * classes),
    emit: table(),
    forward: table(),
    backward: table(),
    scales: new Float64Array(longest),
  };
}

/**
 * Forward and backward sums with each row scaled to 1: L. Rabiner, "A Tutorial on Hidden Markov Models", 1989, V.A.
 * @returns log of the sum over all sequences of the exponential of their score
 */
function forwardBackward(work: Work, n: number, K: number, highest: number): number {
  const { first, next, emit, forward, backward, scales } = work;
  let logZ = highest;
  for (let t = 0; t < n; t++) {
    let sum = 0;
    for (let c = 0; c < K; c++) {
      let value = 0;
      if (t === 0) value = first[c] as number;
      else {
        for (let b = 0; b < K; b++) value += (forward[(t - 1) * K + b] as number) * (next[b * K + c] as number);
      }
      value *= emit[t * K + c] as number;
      forward[t * K + c] = value;
      sum += value;
    }
    const scale = sum > 0 ? 1 / sum : 1;
    scales[t] = scale;
    for (let c = 0; c < K; c++) forward[t * K + c] = (forward[t * K + c] as number) * scale;
    logZ -= Math.log(scale);
  }
  for (let t = n - 1; t >= 0; t--) {
    for (let b = 0; b < K; b++) {
      if (t === n - 1) {
        backward[t * K + b] = 1;
        continue;
      }
      let value = 0;
      for (let c = 0; c < K; c++) {
        const after = (t + 1) * K + c;
        value += (next[b * K + c] as number) * (emit[after] as number) * (backward[after] as number);
      }
      backward[t * K + b] = value * (scales[t + 1] as number);
    }
  }
  return logZ;
}

/** Fills `work.emit` from scores; the sum of the rows' largest scores comes back. */
function exponentials(
  scores: ArrayLike<number>,
  row: number,
  output: number,
  from: number,
  n: number,
  K: number,
  emit: Float64Array,
): number {
  let total = 0;
  for (let t = 0; t < n; t++) {
    const at = (from + t) * row;
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < K; c++) highest = Math.max(highest, scores[at + c * output] as number);
    for (let c = 0; c < K; c++) emit[t * K + c] = Math.exp((scores[at + c * output] as number) - highest);
    total += highest;
  }
  return total;
}

function sequenceLoss(
  scores: Float64Array,
  row: number,
  output: number,
  y: Int32Array,
  from: number,
  n: number,
  K: number,
  steps: Float64Array,
  gradient: Float64Array,
  work: Work,
): number {
  const logZ = forwardBackward(work, n, K, exponentials(scores, row, output, from, n, K, work.emit));
  const { next, emit, forward, backward, scales } = work;
  let gold = 0;
  for (let t = 0; t < n; t++) {
    const here = y[from + t] as number;
    gold += scores[(from + t) * row + here * output] as number;
    const step = t === 0 ? here : K + (y[from + t - 1] as number) * K + here;
    gold += steps[step] as number;
    gradient[step] = (gradient[step] as number) - 1;
    for (let c = 0; c < K; c++) {
      const marginal = (forward[t * K + c] as number) * (backward[t * K + c] as number);
      scores[(from + t) * row + c * output] = marginal - (c === here ? 1 : 0);
      if (t === 0) gradient[c] = (gradient[c] as number) + marginal;
      else {
        const ahead = (emit[t * K + c] as number) * (backward[t * K + c] as number) * (scales[t] as number);
        for (let b = 0; b < K; b++) {
          const pair = (forward[(t - 1) * K + b] as number) * (next[b * K + c] as number) * ahead;
          gradient[K + b * K + c] = (gradient[K + b * K + c] as number) + pair;
        }
      }
    }
  }
  return logZ - gold;
}

/**
 * The most likely sequence: A. Viterbi, IEEE Transactions on Information Theory 13, 1967. `scores` are of the rows
 * of one sequence. The first of equals wins.
 */
export function bestSequence(scores: DenseMatrix, steps: ChainSteps): Int32Array {
  const { rows, columns: K, values } = scores;
  const path = new Int32Array(rows);
  if (rows === 0) return path;
  const back = new Int32Array(rows * K);
  let here = Float64Array.from({ length: K }, (_, c) => (steps.first[c] as number) + (values[c] as number));
  for (let t = 1; t < rows; t++) {
    const then = new Float64Array(K);
    for (let c = 0; c < K; c++) {
      let best = Number.NEGATIVE_INFINITY;
      for (let b = 0; b < K; b++) {
        const score = (here[b] as number) + (steps.next[b * K + c] as number);
        if (score > best) {
          best = score;
          back[t * K + c] = b;
        }
      }
      then[c] = best + (values[t * K + c] as number);
    }
    here = then;
  }
  let at = here.indexOf(Math.max(...here));
  for (let t = rows - 1; t >= 0; t--) {
    path[t] = at;
    at = back[t * K + at] as number;
  }
  return path;
}

/** Probability of each class at each row given the whole sequence, and of stretches of classes. */
export interface ChainMarginals {
  /** rows × classes; each row sums to 1. */
  readonly probabilities: DenseMatrix;
  /** Probability that the rows from `start` on have exactly these classes and that the row after has none of `notAfter`. */
  stretch(start: number, classes: readonly number[], notAfter: readonly number[]): number;
}

export function marginals(scores: DenseMatrix, steps: ChainSteps): ChainMarginals {
  const { rows, columns: K } = scores;
  const work = createWork(Math.max(1, rows), K);
  for (let c = 0; c < K; c++) work.first[c] = Math.exp(steps.first[c] as number);
  for (let i = 0; i < K * K; i++) work.next[i] = Math.exp(steps.next[i] as number);
  forwardBackward(work, rows, K, exponentials(scores.values, K, 1, 0, rows, K, work.emit));
  const { forward, backward, next, emit, scales } = work;
  const values = Float64Array.from({ length: rows * K }, (_, i) => (forward[i] as number) * (backward[i] as number));
  const go = (t: number, b: number, c: number) =>
    (next[b * K + c] as number) * (emit[t * K + c] as number) * (scales[t] as number);
  return {
    probabilities: { kind: 'dense', rows, columns: K, values },
    stretch(start, classes, notAfter) {
      let value = forward[start * K + (classes[0] as number)] as number;
      for (let i = 1; i < classes.length; i++) value *= go(start + i, classes[i - 1] as number, classes[i] as number);
      const last = start + classes.length - 1;
      const from = classes[classes.length - 1] as number;
      if (last + 1 >= rows) return value;
      let after = 0;
      for (let c = 0; c < K; c++) {
        if (!notAfter.includes(c)) after += go(last + 1, from, c) * (backward[(last + 1) * K + c] as number);
      }
      return value * after;
    },
  };
}
