import type { Targets } from './targets.js';

/** Where the score of row r and output c stands: `r × row + c × output`. */
export interface Layout {
  readonly rows: number;
  readonly outputs: number;
  readonly row: number;
  readonly output: number;
}

/** Turns scores into the loss's derivatives by them, in place, and returns the loss (nats, weighted sum over rows). */
export type Loss = (scores: Float64Array, layout: Layout) => number;

/** The loss of a linear model with these targets, soft ones included; `one` output for two classes decides between them. */
export function lossFor(targets: Targets, weights: Float64Array, outputs: 'one' | 'each' = 'each'): Loss {
  const { soft, classes } = targets;
  if (targets.kind === 'multi') return sigmoidLoss(soft ?? targets.y, weights);
  if (outputs === 'one') {
    const second = (_: unknown, row: number) => soft?.[row * classes + 1] as number;
    return sigmoidLoss(soft === undefined ? targets.y : Float64Array.from(targets.y, second), weights);
  }
  return soft === undefined ? softmaxLoss(targets.y, weights) : softTargetLoss(soft, weights);
}

/** −Σ p · log softmax(scores), and its derivative softmax(scores) − p: cross-entropy with soft targets p, rows × outputs. */
function softTargetLoss(soft: Float64Array, weights: Float64Array): Loss {
  return (scores, layout) => {
    const { rows, outputs, row, output } = layout;
    // Softmax minus the first class, which the targets then put right.
    const plain = Float64Array.from({ length: rows }, (_, r) => scores[r * row] as number);
    let loss = 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0, at = r * row; c < outputs; c++, at += output) {
        const away = (scores[at] as number) - (plain[r] as number);
        loss -= (weights[r] as number) * (soft[r * outputs + c] as number) * away;
      }
    }
    loss += softmaxLoss(new Int32Array(rows), weights)(scores, layout);
    for (let r = 0; r < rows; r++) {
      const weight = weights[r] as number;
      for (let c = 0, at = r * row; c < outputs; c++, at += output) {
        scores[at] = (scores[at] as number) + weight * ((c === 0 ? 1 : 0) - (soft[r * outputs + c] as number));
      }
    }
    return loss;
  };
}

/** −log softmax(scores)[y], and its derivative softmax(scores) − [y]: C. Bishop, "Pattern Recognition and Machine Learning", 4.3.4. */
function softmaxLoss(y: Int32Array, weights: Float64Array): Loss {
  return (scores, { rows, outputs, row, output }) => {
    let loss = 0;
    const exps = new Float64Array(outputs);
    for (let r = 0; r < rows; r++) {
      let highest = Number.NEGATIVE_INFINITY;
      for (let c = 0, at = r * row; c < outputs; c++, at += output) {
        const score = scores[at] as number;
        exps[c] = score;
        if (score > highest) highest = score;
      }
      const gold = y[r] as number;
      const goldScore = exps[gold] as number;
      let sum = 0;
      for (let c = 0; c < outputs; c++) {
        const exp = Math.exp((exps[c] as number) - highest);
        exps[c] = exp;
        sum += exp;
      }
      const weight = weights[r] as number;
      loss += weight * (highest + Math.log(sum) - goldScore);
      for (let c = 0, at = r * row; c < outputs; c++, at += output) {
        scores[at] = weight * ((exps[c] as number) / sum - (c === gold ? 1 : 0));
      }
    }
    return loss;
  };
}

/** log(1 + exp(score)) − y · score for each output by itself, and its derivative σ(score) − y. `y` and `weights` are rows × outputs. */
function sigmoidLoss(y: ArrayLike<number>, weights: Float64Array): Loss {
  return (scores, { rows, outputs, row, output }) => {
    let loss = 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < outputs; c++) {
        const at = r * row + c * output;
        const score = scores[at] as number;
        const target = y[r * outputs + c] as number;
        const weight = weights[r * outputs + c] as number;
        const small = Math.exp(-Math.abs(score));
        loss += weight * (Math.max(score, 0) + Math.log1p(small) - target * score);
        const probability = score >= 0 ? 1 / (1 + small) : small / (1 + small);
        scores[at] = weight * (probability - target);
      }
    }
    return loss;
  };
}
