import type { Paint } from '../task-types/terminal.js';
import type { ResultTask } from '../task-types/types.js';
import type { Prediction, TaskType } from '../types.js';

export type { Paint };

export interface FormatOptions extends ResultTask {
  readonly taskType: TaskType;
  /** Whether the input row's own fields come along (jsonl and csv). */
  readonly passThrough: boolean;
  /** Whether a cascade answers, so that results name the model that did. */
  readonly cascade?: boolean;
  /**
   * csv: names of the fields to pass through, which must be known before the first record. `id` is one of them only
   * where it can say something else than the record's id.
   */
  readonly fieldNames: readonly string[];
  /** pretty: columns of the terminal. */
  readonly width: number;
  readonly paint: Paint;
}

/** An output format: pure functions from predictions to text. Everything that is not empty ends with a line end. */
export interface Writer {
  readonly name: string;
  /** Suffixes that mean this format, lower case, without the dot. */
  readonly extensions: readonly string[];
  /** Whether it begins with the names of all columns. */
  readonly hasHeader: boolean;
  start(options: FormatOptions): string;
  prediction(prediction: Prediction, options: FormatOptions): string;
  end(options: FormatOptions): string;
}
