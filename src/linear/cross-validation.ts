import { applyBlend, fitBlend } from './blend.js';
import { assignFolds } from './folds.js';
import { mapFeatures, type TrainOptions, train } from './logistic.js';
import { lossFor } from './loss.js';
import { type DenseMatrix, type Matrix, selectRows } from './matrix.js';
import { type LinearModel, predictScores } from './model.js';
import { rowsOf, selectTargets, type Targets, weightsOf } from './targets.js';

export interface CrossValidationOptions extends Omit<TrainOptions, 'l2' | 'start'> {
  /** Strengths to try. Defaults to a log grid from 1e-3 to 1e3, a decade apart. */
  readonly grid?: readonly number[];
  /** Defaults to 5, or fewer when there are fewer rows. */
  readonly folds?: number;
  readonly seed: number;
  /** Rows with the same group are held out together. */
  readonly groups?: readonly string[];
  /**
   * Strengths are compared by the loss that is left after the best temperature, for who fits one afterwards. Without it
   * a weak strength wins, since its scores are sharp enough, and another ranks the classes better. Defaults to false.
   */
  readonly tempered?: boolean;
}

export interface Trial {
  readonly l2: number;
  /** Mean held-out loss a row, nats. */
  readonly logLoss: number;
  /** Share of rows, for several labels of decisions, that are right. */
  readonly accuracy: number;
}

export interface CrossValidation {
  /** The strength with the lowest held-out loss; the stronger one when equal. */
  readonly l2: number;
  /** Of that strength. */
  readonly logLoss: number;
  readonly trials: readonly Trial[];
  /** Out-of-fold scores before the link, at the chosen strength: each row by models that were trained without it. */
  readonly heldOut: DenseMatrix;
  /** The fold that each row was held out with. */
  readonly fold: Int32Array;
}

const decades: readonly number[] = [1e3, 1e2, 1e1, 1, 1e-1, 1e-2, 1e-3];

/**
 * Chooses L2 by the log-loss of held-out rows. From strong to weak, each fit starting where the one before
 * ended; the descent stops at the first strength that is worse than the best by 10 %, because held-out loss
 * has one minimum along the path in practice and weak penalties are the slow ones.
 */
export function crossValidate(X: Matrix, targets: Targets, options: CrossValidationOptions): CrossValidation {
  const { grid = decades, seed, groups, tempered = false, standardise, spread, ...training } = options;
  const scaling = {
    ...(standardise === undefined ? {} : { standardise }),
    ...(spread === undefined ? {} : { spread }),
  };
  const rows = rowsOf(targets);
  const folds = Math.max(2, Math.min(options.folds ?? 5, rows));
  const fold = assignFolds(strata(targets), { folds, seed, ...(groups === undefined ? {} : { groups }) });
  const parts = Array.from({ length: folds }, (_, k) => {
    const inside = Array.from(fold.keys()).filter((row) => fold[row] !== k);
    const outside = Array.from(fold.keys()).filter((row) => fold[row] === k);
    const plain = selectRows(X, inside);
    const own = selectTargets(targets, inside);
    // Once for all strengths.
    const map = plain.rows > 0 ? mapFeatures(plain, own, scaling) : null;
    return {
      X: map?.apply(plain) ?? plain,
      targets: own,
      held: map?.apply(selectRows(X, outside)) ?? selectRows(X, outside),
      outside,
      start: undefined as LinearModel | undefined,
    };
  }).filter((part) => part.outside.length > 0 && part.X.rows > 0);

  const trials: Trial[] = [];
  let best: { trial: Trial; heldOut: DenseMatrix } | null = null;
  for (const l2 of [...grid].sort((a, b) => b - a)) {
    const heldOut = new Float64Array(rows * targets.classes);
    for (const part of parts) {
      const start = part.start === undefined ? {} : { start: part.start };
      part.start = train(part.X, part.targets, { ...training, l2, ...start });
      const scores = predictScores(part.start, part.held);
      part.outside.forEach((row, i) => {
        const from = i * targets.classes;
        heldOut.set(scores.values.subarray(from, from + targets.classes), row * targets.classes);
      });
    }
    const scores: DenseMatrix = { kind: 'dense', rows, columns: targets.classes, values: heldOut };
    const sharp = tempered ? applyBlend([scores], fitBlend([scores], targets)) : scores;
    const trial = { l2, ...qualityOf(sharp, targets) };
    trials.push(trial);
    if (best === null || trial.logLoss < best.trial.logLoss) best = { trial, heldOut: scores };
    else if (trial.logLoss > 1.1 * best.trial.logLoss) break;
  }
  if (best === null) throw new Error('no strength to try');
  return { l2: best.trial.l2, logLoss: best.trial.logLoss, trials, heldOut: best.heldOut, fold };
}

/** The strata of folds: the class, or for several labels the set of those that hold. */
function strata(targets: Targets): Int32Array {
  if (targets.kind === 'single') return targets.y;
  const seen = new Map<string, number>();
  return Int32Array.from({ length: rowsOf(targets) }, (_, row) => {
    const key = targets.y.subarray(row * targets.classes, (row + 1) * targets.classes).join('');
    const stratum = seen.get(key) ?? seen.size;
    seen.set(key, stratum);
    return stratum;
  });
}

function qualityOf(scores: DenseMatrix, targets: Targets): { logLoss: number; accuracy: number } {
  const { rows, columns } = scores;
  const single = targets.kind === 'single';
  const weights = weightsOf(targets, undefined);
  const total = weights.reduce((sum, weight) => sum + weight, 0) / (single ? 1 : columns);
  const layout = { rows, outputs: columns, row: columns, output: 1 };
  const loss = lossFor(targets, weights)(Float64Array.from(scores.values), layout);
  let right = 0;
  if (single) {
    for (let r = 0; r < rows; r++) {
      const row = scores.values.subarray(r * columns, (r + 1) * columns);
      if (row.indexOf(Math.max(...row)) === targets.y[r]) right++;
    }
  } else {
    targets.y.forEach((holds, at) => {
      if (((scores.values[at] as number) > 0 ? 1 : 0) === holds) right++;
    });
  }
  return { logLoss: loss / total, accuracy: right / targets.y.length };
}
