import type { Gold, Label, Output, Pair, Row, TaskType } from '../types.js';

/** What a piece of a long document gave, and where the piece stands in it. */
export interface Piece<O extends Output = Output> {
  readonly output: O;
  /** Offset of the piece in the whole text, UTF-16. */
  readonly offset: number;
  /** How much of the document it is, for averages: its length. */
  readonly weight: number;
}

/** What gold labels are checked against. */
export interface GoldContext {
  readonly labels: readonly Label[];
  readonly multiLabel: boolean;
  /** Names of further labels that rows use, on the left, for the profile's own, on the right. */
  readonly labelMap: ReadonlyMap<string, string>;
}

/** Keys of a task.yaml that only some task types read. */
export type TypeSetting = 'labels' | 'multiLabel' | 'threshold' | 'schema' | 'grammar' | 'documents';

/** A task type: what a valid output is, how gold is read, how results of pieces are joined and compared. */
export interface TaskTypeDefinition<O extends Output = Output> {
  readonly type: TaskType;
  readonly title: string;
  /** Fields of labelled rows that hold the gold: no method ever sees them. */
  readonly goldFields: readonly string[];
  /** Settings of a task.yaml that not every type reads, as far as this one does; the others are refused. */
  readonly settings: readonly TypeSetting[];
  /** Field of the main input unless the profile says otherwise. */
  readonly input: string;
  /**
   * The gold of a row; null when the row has none.
   * @throws Error with what is wrong, for the caller to add file and line
   */
  readGold(fields: Readonly<Record<string, unknown>>, text: string, context: GoldContext): Gold | null;
  /** The rows with those joined that belong to one record, where a table has a row for each of its parts. */
  joinRows?(rows: AsyncIterable<Row>): AsyncIterable<Row>;
  /** One output for a document from its pieces, in order; at least one. Null where pieces cannot be joined. */
  merge: ((pieces: readonly Piece<O>[]) => O) | null;
  /** The output as it is given out, after pieces were merged; absent where that is the same. */
  tidy?(output: O, text: string): O;
  /** Whether an output is right in every respect. */
  correct(pair: Pair): boolean;
  /** Gold and output in a few words, for lists of mistakes. */
  describe(value: Gold | Output): string;
}
