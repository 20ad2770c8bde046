import type { Example, InputRecord, Output, TaskType } from '../types.js';

export interface BaselineContext {
  /** The profile's labels; empty where the task has none. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  readonly seed: number;
}

/**
 * A way to do a task without a language model, learned from the same examples. A measured result means something only
 * beside it.
 */
export interface Baseline {
  readonly name: string;
  readonly title: string;
  readonly taskTypes: readonly TaskType[];
  /** Whether it stands in reports: it is trained in a moment, and says something about a task. */
  readonly reported: boolean;
  /** Whether it is a way to answer as these examples do; left out: it is for all of its types. */
  readonly suits?: (examples: readonly Example[]) => boolean;
  /**
   * Its output for each example after learning from the others alone, where that takes less time than training it for
   * each fold.
   */
  readonly heldOut?: (examples: readonly Example[], context: BaselineContext) => Output[];
  /** Learns from examples whose gold is of the task's type (others are passed over). */
  train(examples: readonly Example[], context: BaselineContext): (record: InputRecord) => Output;
}
