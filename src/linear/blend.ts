import { minimise } from './lbfgs.js';
import { lossFor } from './loss.js';
import { type DenseMatrix, selectRows } from './matrix.js';
import { rowsOf, selectTargets, type Targets, weightsOf } from './targets.js';

/** Scores of several sources as one: score of class c = Σ factors[s] · score of source s + bias[c]. */
export interface Blend {
  readonly factors: readonly number[];
  readonly bias: readonly number[];
}

/** The scores of each source for the same rows, before the link or as log-probabilities. */
export type Sources = readonly [DenseMatrix, ...DenseMatrix[]];

export interface BlendOptions {
  /**
   * Fits a bias for each class too, or one for all, where each class is decided by itself. It corrects scores that are too
   * high or too low for all of them. Defaults to none.
   */
  readonly bias?: 'none' | 'each' | 'common';
  /** Strength of l2 / 2 · (‖factors − usual‖² + ‖bias‖²), against the sum of the losses. Defaults to 0, with a bias to 1. */
  readonly l2?: number;
  /** The factors where nothing tells: by default 1 for the first source, 0 for the others. */
  readonly usual?: readonly number[];
}

/** Limits of the first factor: held-out scores that are all right would otherwise ask for certainty. */
const [smallest, largest] = [0.01, 20];

/**
 * Fits by negative log-likelihood on scores of held-out rows (log-probabilities will do for single targets). One source
 * is temperature scaling, 1 / factor being the temperature: C. Guo et al., "On Calibration of Modern Neural Networks",
 * ICML 2017; with bias as in A. Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at
 * Label Shift Adaptation", ICML 2020. More sources are a log-linear pool: R. Clemen, R. Winkler, "Combining Probability
 * Distributions From Experts in Risk Analysis", Risk Analysis 19, 1999, with weights that are learned. Convex.
 */
export function fitBlend(
  sources: Sources,
  targets: Targets,
  { bias = 'none', l2 = bias === 'none' ? 0 : 1, usual = sources.map((_, s) => (s === 0 ? 1 : 0)) }: BlendOptions = {},
): Blend {
  const [{ rows, columns }] = sources;
  const weights = weightsOf(targets, undefined);
  const loss = lossFor(targets, weights);
  const layout = { rows, outputs: columns, row: columns, output: 1 };
  const blended = new Float64Array(rows * columns);
  const biases = { none: 0, each: columns, common: 1 }[bias];
  const home = [...usual, ...Array.from({ length: biases }, () => 0)];
  /** Where among the parameters the bias of a score is. */
  const biasAt = (i: number) => sources.length + ((i % columns) % biases);
  const x = Float64Array.from(home);
  minimise(
    (at, gradient) => {
      for (let i = 0; i < blended.length; i++) blended[i] = biases === 0 ? 0 : (at[biasAt(i)] as number);
      sources.forEach(({ values }, s) => {
        const factor = at[s] as number;
        for (let i = 0; i < blended.length; i++) blended[i] = (blended[i] as number) + factor * (values[i] as number);
      });
      let value = loss(blended, layout);
      gradient.fill(0);
      sources.forEach(({ values }, s) => {
        let slope = 0;
        for (let i = 0; i < blended.length; i++) slope += (blended[i] as number) * (values[i] as number);
        gradient[s] = slope;
      });
      if (biases > 0) {
        blended.forEach((slope, i) => {
          gradient[biasAt(i)] = (gradient[biasAt(i)] as number) + slope;
        });
      }
      for (let i = 0; i < at.length; i++) {
        const away = (at[i] as number) - (home[i] as number);
        value += 0.5 * l2 * away ** 2;
        gradient[i] = ((gradient[i] as number) + l2 * away) / rows;
      }
      return value / rows;
    },
    x,
    { tolerance: 1e-8 },
  );
  const factors = Array.from(x.subarray(0, sources.length));
  factors[0] = Math.min(largest, Math.max(smallest, factors[0] as number));
  return {
    factors,
    bias: Array.from({ length: columns }, (_, c) => (biases === 0 ? 0 : (x[biasAt(c)] as number))),
  };
}

export function applyBlend(sources: Sources, { factors, bias }: Blend): DenseMatrix {
  const [{ rows, columns }] = sources;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    let score = bias[i % columns] as number;
    sources.forEach((source, s) => {
      score += (factors[s] as number) * (source.values[i] as number);
    });
    values[i] = score;
  }
  return { kind: 'dense', rows, columns, values };
}

/**
 * Scores of held-out rows, blended as the rows of the other folds ask for: how good new rows will be. A blend that is
 * fitted on the very rows it is judged by flatters itself.
 */
export function crossFitBlend(
  sources: Sources,
  targets: Targets,
  fold: Int32Array,
  options: BlendOptions = {},
): DenseMatrix {
  const [{ columns }] = sources;
  const values = new Float64Array(rowsOf(targets) * columns);
  const only = (rows: readonly number[]) => sources.map((source) => selectRows(source, rows)) as unknown as Sources;
  const asTheyAre: Blend = {
    factors: sources.map((_, s) => (s === 0 ? 1 : 0)),
    bias: Array.from({ length: columns }, () => 0),
  };
  for (const k of new Set(fold)) {
    const inside = Array.from(fold.keys()).filter((row) => fold[row] !== k);
    const outside = Array.from(fold.keys()).filter((row) => fold[row] === k);
    const blend = inside.length === 0 ? asTheyAre : fitBlend(only(inside), selectTargets(targets, inside), options);
    const blended = applyBlend(only(outside), blend);
    outside.forEach((row, i) => {
      values.set(blended.values.subarray(i * columns, (i + 1) * columns), row * columns);
    });
  }
  return { kind: 'dense', rows: rowsOf(targets), columns, values };
}
