/** Where the score of row r and output c stands: `r × row + c × output`. */
export interface Layout {
  readonly rows: number;
  readonly outputs: number;
  readonly row: number;
  readonly output: number;
}

/** Turns scores into the loss's derivatives by them, in place, and returns the loss (nats, weighted sum over rows). */
export type Loss = (scores: Float64Array, layout: Layout) => number;

/** −log softmax(scores)[y], and its derivative softmax(scores) − [y]: C. Bishop, "Pattern Recognition and Machine Learning", 4.3.4. */
export function softmaxLoss(y: Int32Array, weights: Float64Array): Loss {
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
export function sigmoidLoss(y: Uint8Array, weights: Float64Array): Loss {
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
