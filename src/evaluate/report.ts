import type { Interval } from '../metrics/bootstrap.js';
import type { ClassRow } from '../metrics/per-class.js';
import type { CoveragePoint } from '../metrics/risk-coverage.js';
import type { ConfusionMatrix } from '../metrics/types.js';
import type { OrderProbe } from '../order-probe.js';
import type { MetricGoal, Output, TaskProfile } from '../types.js';

/** The measurement of a task on a model, as `slm eval --json` writes it. */
export interface Report {
  readonly task: string;
  readonly type: TaskProfile['type'];
  readonly method: string;
  /** Changes with the task and with what was tuned for the model. */
  readonly settings: string;
  /** A single model, or a cascade, which has no digest. */
  readonly model: { readonly name: string; readonly sha256: string | null };
  /** The models of a cascade, in the order in which they are asked. */
  readonly stages?: readonly StageReport[];
  readonly data: {
    readonly source: string;
    readonly n: number;
    /** The labels that were to choose from, where that were not all of the task's. */
    readonly among?: readonly string[];
    /** Records that were not measured, since their gold label is not among those. */
    readonly leftOut?: number;
  };
  readonly seed: number;
  readonly figures: readonly Figure[];
  readonly goals: readonly GoalResult[];
  readonly baselines: readonly { readonly name: string; readonly title: string; readonly figures: readonly Figure[] }[];
  readonly perClass: readonly ClassRow[];
  readonly confusion: ConfusionMatrix | null;
  /** Share of right results among the surest ones, at several coverages. Empty where results have no single score. */
  readonly coverage: readonly CoveragePoint[];
  readonly byTag: readonly { readonly tag: string; readonly n: number; readonly correct: number }[];
  readonly mistakes: readonly Mistake[];
  /** Spans and answers that do not stand where they say they do. Always 0 unless a method is broken. */
  readonly ungrounded: number;
  readonly failed: number;
  readonly speed: {
    readonly seconds: number;
    readonly recordsPerSecond: number;
    /** Evaluated and generated, without the shared prefix. */
    readonly tokensPerRecord: number;
    readonly peakMemoryBytes: number;
    /** How long a record took beside the others: the middle one, and what 95 of 100 stay below. */
    readonly latencyMs: { readonly p50: number; readonly p95: number };
    readonly cost: Cost;
  };
  /** In the order of the data. */
  readonly records: readonly RecordResult[];
  /** How far labels depend on the order in which they are named; only where that was asked for. */
  readonly order?: OrderProbe;
}

/** A metric's value with its interval; `value` is null where it is undefined. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly better: 'higher' | 'lower';
  readonly value: number | null;
  readonly interval: Interval | null;
  /** Items that the metric applies to. */
  readonly n: number;
  /** A calibration error alone: what right probabilities would have on so many items by chance, on average. */
  readonly byChance?: number;
}

/** A value that the task must reach, and the one that was measured. */
export interface GoalResult extends MetricGoal {
  readonly value: number | null;
  readonly passed: boolean;
}

/** A record whose result is not right. */
export interface Mistake {
  readonly id: string;
  /** `file:line` of the record. */
  readonly place: string;
  readonly text: string;
  readonly gold: string;
  readonly predicted: string;
  /** How sure the method was, where that is one number. */
  readonly score: number | null;
  readonly tags: readonly string[];
}

/** The outcome of one record. */
export interface RecordResult {
  readonly id: string;
  /** `file:line` of the record. */
  readonly place: string;
  /** Digest of what was read: two reports are compared on records that have the same. */
  readonly digest: string;
  /** Whether it is right in every respect. */
  readonly correct: boolean;
  /** Null where the record failed; then `error` says why. */
  readonly output: Output | null;
  readonly error?: string;
  /** From the start of its evaluation to its end, beside other records. */
  readonly ms: number;
}

/** The part that one model of a cascade had in the results. */
export interface StageReport {
  readonly model: string;
  /** How sure it had to be; null for the last one. */
  readonly atLeast: number | null;
  /** Records that it was asked for, and those whose result is its own. */
  readonly asked: number;
  readonly answered: number;
  /** Number of records that this model answered and that are right in every respect. */
  readonly right: number;
  /** How long it was at work. */
  readonly seconds: number;
}

/** The cost of a thousand records. */
export interface Cost {
  readonly secondsPerThousand: number;
  /**
   * Paid to services for a thousand records, in the money of remote.prices. Null where no price is known; absent for
   * models on this machine.
   */
  readonly moneyPerThousand?: number | null;
}
