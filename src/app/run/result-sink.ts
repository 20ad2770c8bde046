import type { FormatOptions, Writer } from '../../formats/types.js';
import type { JobSpec } from '../../jobs/spec.js';
import type { BadRow } from '../../record.js';
import type { InputRecord, Prediction, TaskType } from '../../types.js';

/** Counts of records. */
export interface Tally {
  readonly records: number;
  readonly failed: number;
  readonly abstained: number;
}

/** Where the results of a run go. */
export interface ResultSink {
  /** Counts from before this run. */
  readonly before: Tally;
  /** Selects the records of the input that this run processes. */
  select(records: AsyncIterable<InputRecord | BadRow>): AsyncIterable<InputRecord | BadRow>;
  write(prediction: Prediction, options: FormatOptions): Promise<void>;
  /** All records are done. */
  finish(options: FormatOptions): Promise<void>;
  /** The run ends before all records are done. Says how to go on, where that is possible. */
  stop(cause: 'interrupted' | 'error'): Promise<string | null>;
}

/** A place for results, before the model is loaded: what cannot work is refused without waiting. */
export type ResultPlace = (spec: () => Promise<JobSpec>, writer: Writer, type: TaskType) => Promise<ResultSink>;

export const nothing: Tally = { records: 0, failed: 0, abstained: 0 };
