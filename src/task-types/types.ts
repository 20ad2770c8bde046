import type { Decision } from '../metrics/best-f1.js';
import type { Counts } from '../metrics/counts.js';
import type { ConfusionMatrix, Metric, ReliabilityBin } from '../metrics/types.js';
import type { OffsetUnit } from '../spans.js';
import type {
  Document,
  ExplanationPart,
  Gold,
  InputRecord,
  Label,
  Output,
  Pair,
  Row,
  TaskProfile,
  TaskType,
} from '../types.js';
import type { Cell } from './cells.js';
import type { GoldWording } from './gold-wording.js';
import type { Terminal } from './terminal.js';

/** The output of a piece of a long document, and where the piece stands in it. */
export interface Piece<O extends Output = Output> {
  readonly output: O;
  /** Offset of the piece in the whole text, UTF-16. */
  readonly offset: number;
  /** How much of the document it is, for averages: its length. */
  readonly weight: number;
}

/** The labels and settings that gold labels are checked against. */
export interface GoldContext {
  readonly labels: readonly Label[];
  readonly multiLabel: boolean;
  /** Names of further labels that rows use, on the left, for the profile's own, on the right. */
  readonly labelMap: ReadonlyMap<string, string>;
  /** For messages. */
  readonly wording: GoldWording;
}

/** Keys of a task.yaml that only some task types read. */
export type TypeSetting = 'labels' | 'multiLabel' | 'threshold' | 'schema' | 'grammar' | 'documents' | 'answer';

/** The properties of a task that the form of its results depends on. */
export interface ResultTask {
  /** Every label of the task that a result can have, in its order. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** Names of the properties that a schema gives an output, and of further columns that a method fills. */
  readonly properties: readonly string[];
  /** Name of the field that holds the main input. */
  readonly input: string;
  readonly offsets: OffsetUnit;
}

/** The parts of a result that a client of Hugging Face's inference API leaves out. */
export interface PipelineWish {
  /** The most labels, or all; a list of answers, if more than one. */
  readonly top: number | null;
  /** Labels whose entities are not wanted. */
  readonly ignored: readonly string[];
}

/** Results as values: the formats only write them down. */
export interface ResultForm<O extends Output = Output> {
  /** Every name that a result as an object can have, beside those that all types share. */
  readonly names: readonly string[];
  /** The field of results that repeats the main input; null where none does. */
  readonly inputName: string | null;
  /** Whether a table can have several rows for a record. */
  readonly manyRows: boolean;
  /** The result as an object. */
  object(output: O, record: InputRecord, task: ResultTask): Record<string, unknown>;
  /** Columns of a table. */
  columns(task: ResultTask): readonly string[];
  /** Rows of a table, at least one: values by column; what is missing is empty. The main input is added. */
  rows(output: O, record: InputRecord, task: ResultTask): Record<string, unknown>[];
  /** Lines for cut, sort and awk: any number, all with as many cells. */
  lines(output: O, record: InputRecord, task: ResultTask): (readonly Cell[])[];
  /** The line of a record that failed. */
  failedLine(record: InputRecord): readonly Cell[];
  /** The result as a text, where it is one; absent where it is an object. */
  text?(output: O): string;
  /** The shape of Hugging Face's inference API. */
  pipeline(output: O, record: InputRecord, wanted: PipelineWish): object;
  /** Whether that API gives a list of results also for a single input. */
  readonly pipelineIsList: boolean;
  /** Lines for people. */
  shown(output: O, record: InputRecord, task: ResultTask, terminal: Terminal): string[];
}

/** The files of a new task by name, with what is to be said about it; it runs as it is. */
export type Starter = (name: string, schema: string) => Readonly<Record<string, string>>;

/**
 * A task type: all that is particular to it. What else there is treats outputs and gold of all types alike and asks
 * here.
 */
export interface TaskTypeDefinition<O extends Output = Output, G extends Gold = Gold> {
  readonly type: TaskType;
  readonly title: string;
  /** Fields of labelled rows that hold the gold: no method ever sees them. */
  readonly goldFields: readonly string[];
  /** Settings of a task.yaml that not every type reads, as far as this one does; the others are refused. */
  readonly settings: readonly TypeSetting[];
  /** The field of gold, as a message names it when a labelled row has none. */
  readonly missingGold: string;
  /** Field of the main input unless the profile says otherwise. */
  readonly input: string;
  /** Whether it is done on documents, and records may name or bring them in any field. */
  readonly readsDocuments: boolean;
  /** Whether a result is the probabilities of labels, each compared with the others. */
  readonly comparesLabels: boolean;
  /** How many labels a task needs. */
  fewestLabels(multiLabel: boolean): number;
  /** Probability below which there is no result, unless the profile says otherwise. */
  usualThreshold(multiLabel: boolean): number;
  /** The method that a task gets when its profile names none. */
  defaultMethod(multiLabel: boolean): string;
  /** Kinds of answers that a profile can ask for with `answer:`, and the method for each; absent where there is one kind. */
  readonly answerKinds?: Readonly<Record<string, string>>;

  /**
   * The gold of a row; null when the row has none.
   * @throws Error with what is wrong, for the caller to add file and line
   */
  readGold(fields: Readonly<Record<string, unknown>>, text: string, context: GoldContext): G | null;
  /** The rows with those joined that belong to one record, where a table has a row for each of its parts. */
  joinRows?(rows: AsyncIterable<Row>): AsyncIterable<Row>;
  /** The same text for gold that says the same. */
  goldKey(gold: G): string;
  /** The context of a record beside its main input: records that share both are the same. */
  passageOf(record: InputRecord): readonly unknown[];

  /**
   * The output for an empty input; the model is not asked.
   * @throws Error where there is no such output
   */
  empty(task: Pick<TaskProfile, 'labels' | 'among' | 'multiLabel'>): O;
  /** One output for a document from its pieces, in order; at least one. Null where pieces cannot be joined. */
  merge: ((pieces: readonly Piece<O>[]) => O) | null;
  /** The output as it is given out, after pieces were merged; absent where that is the same. */
  tidy?(output: O, text: string): O;
  /**
   * The output among the labels that a run has chosen, and on demand what the choice has changed. Absent where a type
   * has no labels to choose among.
   */
  among?(output: O, profile: TaskProfile): { readonly output: O; explain(): readonly ExplanationPart[] };

  /** Whether the output says that there is no result. */
  isWithheld(output: O): boolean;
  /** How sure the method was, where that is one number. */
  confidence(output: O): number | null;
  /** Whether probabilities that a larger model gives can be learned in place of labels. */
  teachable: boolean;
  /** How sure the method is of all that the output says, in [0, 1]: what a cascade goes by. Null where nothing says it. */
  certainty: ((output: O, multiLabel: boolean) => number) | null;
  /**
   * Whether everything that the output has copied stands where it says. Null where nothing is copied.
   * @param documents those of the run
   */
  isGrounded: ((output: O, record: InputRecord, documents: readonly Document[]) => boolean) | null;

  /** Whether an output is right in every respect. */
  correct(pair: Pair): boolean;
  /** The same text for outputs that say the same, whatever their scores. */
  outputKey(output: O): string;
  /** Gold and output in a few words, for lists of mistakes. */
  describe(value: G | O): string;
  /** The metrics of a report, in its order. */
  readonly metrics: readonly Metric[];
  /** Counts for a row each label; null where there are no labels. */
  countsByLabel: ((pairs: readonly Pair[]) => ReadonlyMap<string, Counts>) | null;
  /** Null where a record can have another number of labels than one. */
  confusion(pairs: readonly Pair[], labels: readonly string[], multiLabel: boolean): ConfusionMatrix | null;
  /** How often results of each score are right; null where they have no single score to be right with. */
  reliability(pairs: readonly Pair[], multiLabel: boolean): readonly ReliabilityBin[] | null;

  /** Whether nearly all examples are alike, so that always saying the same would look good. */
  isSkewed(multiLabel: boolean, golds: readonly G[]): boolean;
  /** Name of the metric that tuning goes by, on these examples. */
  tuningMetric(multiLabel: boolean, golds: readonly G[]): string;
  /** Name of the metric that candidates are compared by, where tuning goes by this one. */
  objective(metric: string): string;
  /** Name of the metric that tells how right the probabilities are, where tuning goes by this one; null where none does. */
  probabilityMetric(metric: string): string | null;
  /** The class of an example, for parts of the data with the share of each; the same for all where there is none. */
  stratumOf(gold: G): string;
  /** How many classes there are. */
  strata(task: Pick<TaskProfile, 'labels'>): number;
  /** The decisions that a threshold lets through or not: results with their scores, and whether they are right. */
  decisions(gold: G, output: O): Decision[];
  /**
   * Warnings about examples before something is learned from them.
   * @throws SlmError when nothing can be learned
   */
  checkExamples(golds: readonly G[], task: Pick<TaskProfile, 'labels' | 'multiLabel'>): readonly string[];

  readonly results: ResultForm<O>;
  /** The files that `slm tasks init` writes, by the name of the kind of task. */
  readonly starters: Readonly<Record<string, Starter>>;
}
