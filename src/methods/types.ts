import type { z } from 'zod';
import type { PromptModel, PromptRenderer } from '../prompt.js';
import type {
  Capability,
  Document,
  EngineWith,
  Example,
  ExplanationPart,
  Gold,
  InputRecord,
  ModelHead,
  Output,
  PromptTemplates,
  TaskProfile,
  TaskType,
} from '../types.js';
import type { CandidatePlan, LocalCapability, PlanOptions, TuneSession } from './candidates/types.js';

export type { Document } from '../types.js';

/** Results worth keeping between runs, such as calibration constants. The key holds all that they depend on. */
export interface Cache {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

/** The values that a method is prepared with; its engine has the capabilities that the method needs. */
export interface MethodContext<Needs extends Capability = Capability> {
  readonly profile: TaskProfile;
  readonly engine: EngineWith<Needs>;
  /** The documents that questions are answered from in this run. */
  readonly documents: readonly Document[];
  /** The profile's own documents, which its examples are about; read when asked for. */
  ownDocuments(): Promise<readonly Document[]>;
  readonly cache: Cache;
  /** The embedding model that the method asks for beside the engine; left out where there is none. */
  readonly embedder?: EngineWith<'embeddings'> | null;
  /** The model that judges answers, where the profile names one. */
  readonly judge?: EngineWith<'scores'> | null;
  /** Calibration may take minutes: it was asked for. Otherwise it takes a few seconds, and the first answer comes soon. */
  readonly thorough?: boolean;
  /** Long preparations tell how far they are. */
  readonly onProgress: (what: string, done: number, total: number, items?: string) => void;
  /** Called when a calibration used fewer examples than there are, so that the first answer came soon. */
  readonly onShortened?: (used: number, all: number) => void;
}

/** A record, or a piece of a long one. */
export interface PieceInput {
  readonly record: InputRecord;
  /** The text of this piece; the whole text of short records. */
  readonly text: string;
  readonly explain: boolean;
}

export interface PieceResult {
  readonly output: Output;
  readonly explanation: readonly ExplanationPart[];
}

/** A method made ready for one profile and model. `predict` may be called concurrently. */
export interface Predictor {
  /** Texts of more tokens than this are split at sentences; null when the method copes with any length itself. */
  readonly maxPieceTokens: number | null;
  /** Whether a record's calls have prompts of their own, so that slots better stay with a prompt than with a record. */
  readonly apart?: boolean;
  /** Whether it gives the engine the picture of a record. */
  readonly readsImages?: boolean;
  predict(input: PieceInput): Promise<PieceResult>;
  /** Turns raw scores of a whole record into a decision, after its pieces were merged. */
  decide(output: Output): Output;
}

/** Templates in place of those that a profile leaves out. */
export type DefaultTemplates = Pick<PromptTemplates, 'instruction' | 'base' | 'chat'>;

/** The templates, and which of them a profile gets that leaves the choice open. */
export interface DefaultPrompt extends DefaultTemplates {
  /**
   * `base`: the completion prompt, for a chat model too. `auto`: the chat turn, where the model has a template. `able`:
   * the same for models of 0.4 billion weights and more. Chosen by measurement (docs/methods.md).
   */
  readonly use: 'auto' | 'able' | 'base';
}

/** The values that a method can learn. Tuned settings hold them as `learned`, and only the method looks inside. */
export interface Learns {
  readonly schema: z.ZodType<Readonly<Record<string, unknown>>>;
  /** The profile as the method goes by it, where templates or words of labels were learned. */
  readonly apply?: (profile: TaskProfile) => TaskProfile;
}

/** An embedding model that a method wants. */
export interface WantedEmbedder {
  /** As it is spoken of: a name, or a file. */
  readonly model: string;
  /** Of the very file that a head was trained on, without which the task cannot run; null where the method can do without. */
  readonly sha256: string | null;
}

/** Ways to do a task by a method; null where it cannot be tried. */
export type Plan<Needs extends Capability = LocalCapability> = (
  session: TuneSession<Needs>,
  examples: readonly Example[],
  options: PlanOptions,
) => CandidatePlan | null;

/** A plan of a method of language models may use all that such a model can do. */
type SessionNeeds<Needs extends Capability> = Needs extends LocalCapability ? LocalCapability : Needs;

/** A way to do a task with a model whose weights stay as they are. */
export interface Method<Needs extends Capability = Capability> {
  readonly name: string;
  readonly title: string;
  readonly taskTypes: readonly TaskType[];
  /** The embedding model that a profile wants beside the model, or instead of it; null where it wants none. */
  readonly embedderOf?: (profile: TaskProfile) => WantedEmbedder | null;
  /** The model that judges its answers in place of the model, as it is spoken of; null where the profile names none. */
  readonly judgeOf?: (profile: Pick<TaskProfile, 'options'>) => string | null;
  /** Capabilities that the method needs of an engine; an engine with fewer is refused. */
  readonly needs: readonly Needs[];
  /** Columns of a table that its results have beside those of the task type. */
  readonly columns?: readonly string[];
  /** Schema of `options:` in a profile, with defaults. */
  readonly options: z.ZodType<Record<string, unknown>>;
  /** Renders the prompt of a record without loading the model. */
  renderer(profile: TaskProfile, model: PromptModel): PromptRenderer;
  /** Templates for what a profile of this kind leaves out. */
  readonly defaultPrompt: (profile: Pick<TaskProfile, 'type' | 'multiLabel'>) => DefaultPrompt;
  /**
   * The vocabulary that its results bear. `trimmed`: a file of the model without the tokens of other alphabets gives
   * the same results for texts that it covers, since only scores are compared that all lose the same share. `whole`:
   * results depend on tokens that a text does not have.
   */
  readonly vocabulary: 'trimmed' | 'whole';
  /**
   * The texts that the model reads before every record, beside templates and labels. A trimmed vocabulary has to cover
   * them. Defaults to all examples of the profile.
   */
  readonly reads?: (profile: TaskProfile) => unknown;
  /** The head that the model is opened with; left out where the method wants the model as it is. */
  readonly headOf?: (profile: TaskProfile) => ModelHead;
  /**
   * Looks, without a model, for what it cannot work with in a profile.
   * @returns what is wrong with the gold of a labelled example, or null; left out where nothing can be
   * @throws SlmError
   */
  readonly check?: (profile: TaskProfile) => ((gold: Gold) => string | null) | null;
  /** Whether it can do nothing until `slm tune` has trained it. */
  readonly mustLearn?: true;
  /** The part that `slm tune` can learn; left out where the method learns nothing. */
  readonly learns?: Learns;
  /** Ways to do a task by it, for `slm tune` to compare; loaded only there. */
  readonly candidates?: () => Promise<Plan<SessionNeeds<Needs>>>;
  readonly prepare: (context: MethodContext<Needs>) => Promise<Predictor>;
}
