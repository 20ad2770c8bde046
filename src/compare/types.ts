import type { Cost, Figure } from '../evaluate/report.js';
import type { Interval } from '../metrics/bootstrap.js';

/** A model that was measured, or an earlier report, as one of those that are compared. */
export interface System {
  /** Name in tables and gates, unique in the comparison. */
  readonly name: string;
  readonly model: string;
  /** The file of an earlier report; null for what was measured now. */
  readonly file: string | null;
  /** Records that not all the others have, too: left out of the comparison. */
  readonly leftOut: number;
  /** Over the records that all have. */
  readonly figures: readonly Figure[];
  readonly cost: Cost;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  /** Whether no other one is better in the comparison's metric and cheaper, too. */
  readonly onFrontier: boolean;
}

/** How two systems differ in a metric. */
export interface MetricDifference {
  readonly name: string;
  /** First minus second; null where the metric is undefined for one of them. */
  readonly difference: number | null;
  readonly interval: Interval | null;
  /** McNemar's exact test where each record is right or wrong, else a paired bootstrap. */
  readonly test: 'mcnemar' | 'bootstrap';
  /** Two-sided. */
  readonly p: number | null;
  /** Adjusted by Holm's procedure for all pairs of systems. */
  readonly pHolm: number | null;
}

/** Two systems on the same records. */
export interface SystemPair {
  readonly first: string;
  readonly second: string;
  /** Share of the records for which both say the same. */
  readonly agreement: number;
  /** Records that are all right with only the first, only the second, both and neither. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly both: number;
  readonly neither: number;
  readonly metrics: readonly MetricDifference[];
}

export interface Comparison {
  /** Records that all systems have. */
  readonly n: number;
  /** Name of the metric that gates and the frontier go by. */
  readonly metric: string;
  readonly seed: number;
  readonly correction: 'holm';
  readonly systems: readonly System[];
  readonly pairs: readonly SystemPair[];
}

/** A record for which systems say something else. */
export interface Difference {
  readonly id: string;
  /** `file:line` of the record. */
  readonly place: string;
  readonly text: string;
  readonly gold: string;
  /** Results by the name of the system. */
  readonly said: Readonly<
    Record<string, { readonly predicted: string; readonly score: number | null; readonly correct: boolean }>
  >;
}
