/** One thing that is given or held back: a label, or an entity. */
export interface Decision {
  readonly score: number;
  readonly right: boolean;
}

/**
 * The threshold with the best F1 of decisions one by one. Of what is rare, little is more likely than not, so that at
 * 0.5 much goes missing: Z. C. Lipton et al., "Optimal Thresholding of Classifiers to Maximize F1 Measure", 2014.
 * @param wanted how many would be right to give
 * @returns null where nothing is right
 */
export function bestF1Threshold(decisions: readonly Decision[], wanted: number): number | null {
  const sorted = bestFirst(decisions);
  let right = 0;
  let best = { at: -1, f1: 0 };
  sorted.forEach((decision, i) => {
    if (decision.right) right++;
    // Equal scores pass together.
    if (sorted[i + 1]?.score === decision.score) return;
    const f1 = (2 * right) / (i + 1 + wanted);
    if (f1 > best.f1) best = { at: i, f1 };
  });
  return best.at === -1 ? null : thresholdAfter(sorted, best.at);
}

export function bestFirst(decisions: readonly Decision[]): Decision[] {
  return [...decisions].sort((a, b) => b.score - a.score);
}

/** Lets pass the decisions up to one of them, best first. */
export function thresholdAfter(decisions: readonly Decision[], last: number): number {
  const here = (decisions[last] as Decision).score;
  const next = decisions[last + 1]?.score;
  // Between the two, so that rounding decides nothing; where they are closer than it is fine, the score itself.
  const between = Math.round(((here + (next ?? 0)) / 2) * 10_000) / 10_000;
  const parts = between <= here && between > (next ?? Number.NEGATIVE_INFINITY);
  return parts ? between : here;
}
