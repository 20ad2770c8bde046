/** True positives, false positives, false negatives. */
export interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

/** Null when nothing was predicted. */
export function precisionOf({ tp, fp }: Counts): number | null {
  return tp + fp === 0 ? null : tp / (tp + fp);
}

/** Null when there is nothing to find. */
export function recallOf({ tp, fn }: Counts): number | null {
  return tp + fn === 0 ? null : tp / (tp + fn);
}

/** 2 · tp / (2 · tp + fp + fn), the harmonic mean of precision and recall. Null when there is neither gold nor prediction. */
export function f1Of({ tp, fp, fn }: Counts): number | null {
  return tp + fp + fn === 0 ? null : (2 * tp) / (2 * tp + fp + fn);
}

export function total(counts: readonly Counts[]): Counts {
  let tp = 0;
  let fp = 0;
  let fn = 0;
  for (const one of counts) {
    tp += one.tp;
    fp += one.fp;
    fn += one.fn;
  }
  return { tp, fp, fn };
}

/** Counts of a set of predictions against a set of right ones. */
export function compareSets(gold: ReadonlySet<string>, predicted: ReadonlySet<string>): Counts {
  let tp = 0;
  for (const item of predicted) if (gold.has(item)) tp++;
  return { tp, fp: predicted.size - tp, fn: gold.size - tp };
}
