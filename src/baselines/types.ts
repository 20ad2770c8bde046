import type { Example, InputRecord, Output, TaskType } from '../types.js';

export interface BaselineContext {
  /** The profile's labels; empty where the task has none. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  readonly seed: number;
}

/**
 * What a task can be done with without a language model, learned from the same examples. A measured result
 * means something beside it only.
 */
export interface Baseline {
  readonly name: string;
  readonly title: string;
  readonly taskTypes: readonly TaskType[];
  /** Whether it stands in reports: it is trained in a moment, and says something about a task. */
  readonly reported: boolean;
  /**
   * What it says of each example when it has learned from others alone, where that takes less than to train it for each
   * fold.
   */
  readonly heldOut?: (examples: readonly Example[], context: BaselineContext) => Output[];
  /** Learns from examples whose gold is of the task's type (others are passed over). */
  train(examples: readonly Example[], context: BaselineContext): (record: InputRecord) => Output;
}
