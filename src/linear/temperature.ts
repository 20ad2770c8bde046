import { minimise } from './lbfgs.js';
import { sigmoidLoss, softmaxLoss } from './loss.js';
import { type DenseMatrix, selectRows } from './matrix.js';
import { selectTargets, type Targets, weightsOf } from './targets.js';

/** calibrated score of class c = score / temperature + bias[c]. */
export interface Scaling {
  readonly temperature: number;
  readonly bias: readonly number[];
}

export interface ScalingOptions {
  /** Also fit a bias a class. Defaults to false: temperature alone, which never changes the best class. */
  readonly bias?: boolean;
  /** Strength of l2 / 2 · ((1 / temperature − 1)² + ‖bias‖²), against the sum of the losses. Defaults to 0, with bias to 1. */
  readonly l2?: number;
}

/** Limits of 1 / temperature: held-out scores that are all right would otherwise ask for temperature 0. */
const coldest = 20;
const hottest = 0.01;

/**
 * Fits by negative log-likelihood on scores of held-out rows (log-probabilities will do for single targets).
 * Temperature: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. With bias: bias-corrected
 * temperature scaling, A. Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat
 * at Label Shift Adaptation", ICML 2020, between Guo's temperature and vector scaling. Convex in 1 / temperature.
 */
export function fitScaling(scores: DenseMatrix, targets: Targets, options: ScalingOptions = {}): Scaling {
  const { bias: withBias = false, l2 = withBias ? 1 : 0 } = options;
  const { rows, columns, values } = scores;
  const weights = weightsOf(targets, undefined);
  const loss = targets.kind === 'single' ? softmaxLoss(targets.y, weights) : sigmoidLoss(targets.y, weights);
  const scaled = new Float64Array(values.length);
  const layout = { rows, outputs: columns, row: columns, output: 1 };
  const x = new Float64Array(withBias ? 1 + columns : 1);
  x[0] = 1;
  minimise(
    (at, gradient) => {
      const factor = at[0] as number;
      for (let i = 0; i < values.length; i++) {
        scaled[i] = factor * (values[i] as number) + (withBias ? (at[1 + (i % columns)] as number) : 0);
      }
      let value = loss(scaled, layout) + 0.5 * l2 * (factor - 1) ** 2;
      gradient.fill(0);
      let slope = l2 * (factor - 1);
      for (let i = 0; i < values.length; i++) {
        slope += (scaled[i] as number) * (values[i] as number);
        if (withBias) gradient[1 + (i % columns)] = (gradient[1 + (i % columns)] as number) + (scaled[i] as number);
      }
      gradient[0] = slope;
      for (let i = 1; i < at.length; i++) {
        value += 0.5 * l2 * (at[i] as number) ** 2;
        gradient[i] = (gradient[i] as number) + l2 * (at[i] as number);
      }
      for (let i = 0; i < at.length; i++) gradient[i] = (gradient[i] as number) / rows;
      return value / rows;
    },
    x,
    { tolerance: 1e-8 },
  );
  const factor = Math.min(coldest, Math.max(hottest, x[0] as number));
  return {
    temperature: 1 / factor,
    bias: Array.from({ length: columns }, (_, c) => (withBias ? (x[1 + c] as number) : 0)),
  };
}

export function applyScaling(scores: DenseMatrix, { temperature, bias }: Scaling): DenseMatrix {
  const values = Float64Array.from(
    scores.values,
    (score, at) => score / temperature + (bias[at % scores.columns] ?? 0),
  );
  return { kind: 'dense', rows: scores.rows, columns: scores.columns, values };
}

/**
 * Scores of held-out rows, each scaled by what the rows of the other folds ask for: how well calibrated new rows will
 * be. A scaling that is fitted on the very rows it is judged by flatters itself.
 */
export function crossFitScaling(
  scores: DenseMatrix,
  targets: Targets,
  fold: Int32Array,
  options: ScalingOptions = {},
): DenseMatrix {
  const values = new Float64Array(scores.values.length);
  for (const k of new Set(fold)) {
    const inside = Array.from(fold.keys()).filter((row) => fold[row] !== k);
    const outside = Array.from(fold.keys()).filter((row) => fold[row] === k);
    const scaling =
      inside.length === 0
        ? { temperature: 1, bias: [] }
        : fitScaling(selectRows(scores, inside), selectTargets(targets, inside), options);
    const scaled = applyScaling(selectRows(scores, outside), scaling);
    outside.forEach((row, i) => {
      values.set(scaled.values.subarray(i * scores.columns, (i + 1) * scores.columns), row * scores.columns);
    });
  }
  return { kind: 'dense', rows: scores.rows, columns: scores.columns, values };
}
