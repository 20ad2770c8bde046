import { type Counts, f1Of, precisionOf, recallOf } from './counts.js';

export interface ClassRow {
  readonly label: string;
  /** Null when the label was never predicted. */
  readonly precision: number | null;
  /** Null when the label is never gold. */
  readonly recall: number | null;
  readonly f1: number | null;
  /** How often it is gold. */
  readonly support: number;
  /** How often it was predicted. */
  readonly predicted: number;
}

/** A row for each label of the profile, then for others that occur. */
export function perClass(counts: ReadonlyMap<string, Counts>, labels: readonly string[]): ClassRow[] {
  const none: Counts = { tp: 0, fp: 0, fn: 0 };
  return [...new Set([...labels, ...counts.keys()])].map((label) => {
    const one = counts.get(label) ?? none;
    return {
      label,
      precision: precisionOf(one),
      recall: recallOf(one),
      f1: f1Of(one),
      support: one.tp + one.fn,
      predicted: one.tp + one.fp,
    };
  });
}
