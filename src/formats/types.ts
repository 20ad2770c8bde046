import type { OffsetUnit } from '../spans.js';
import type { Prediction, TaskType } from '../types.js';

/** Colours and weights of a terminal; `plain` where there are none. */
export type Paint = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan', (text: string) => string>
>;

export interface FormatOptions {
  readonly taskType: TaskType;
  /** classify and extract: every label of the task, in its order. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** generate: names of the properties that the schema gives an output. */
  readonly properties: readonly string[];
  /** Name of the field that holds the main input. */
  readonly input: string;
  readonly offsets: OffsetUnit;
  /** Whether the input row's own fields come along (jsonl and csv). */
  readonly passThrough: boolean;
  /** csv: names of the fields to pass through, which must be known before the first record. */
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
