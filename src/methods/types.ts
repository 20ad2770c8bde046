import type { z } from 'zod';
import type { Recipe } from '../gguf/recipe.js';
import type { PromptModel, PromptRenderer, Shot } from '../prompt.js';
import type {
  Capability,
  Document,
  Engine,
  ExplanationPart,
  Gold,
  InputRecord,
  Output,
  TaskProfile,
  TaskType,
} from '../types.js';

export type { Document } from '../types.js';

/** Results worth keeping between runs, such as calibration constants. The key holds all that they depend on. */
export interface Cache {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

export interface MethodContext {
  readonly profile: TaskProfile;
  readonly engine: Engine;
  /** What questions are answered from in this run. */
  readonly documents: readonly Document[];
  /** The profile's own documents, which its examples are about; read when asked for. */
  ownDocuments(): Promise<readonly Document[]>;
  readonly cache: Cache;
  /** Long preparations tell how far they are. */
  readonly onProgress: (what: string, done: number, total: number) => void;
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
  predict(input: PieceInput): Promise<PieceResult>;
  /** Turns raw scores of a whole record into a decision, after its pieces were merged. */
  decide(output: Output): Output;
}

/** A way to do a task with a model whose weights stay as they are. */
export interface Method {
  readonly name: string;
  readonly title: string;
  readonly taskTypes: readonly TaskType[];
  /** What it asks of an engine; it is not opened on one that has less. */
  readonly needs: readonly Capability[];
  /** What `options:` of a profile may hold, with defaults. */
  readonly options: z.ZodType<Record<string, unknown>>;
  /** What the model will be given for a record, without a model. */
  renderer(profile: TaskProfile, model: PromptModel): PromptRenderer;
  /** The examples that the model reads before every record. Left out: all of the profile's may be among them. */
  readonly shots?: (profile: TaskProfile) => readonly Shot[];
  /**
   * The derived file of the model that the method works on, with a vocabulary of the caller's choice. Without it,
   * the model's own file, with the whole vocabulary or a cut one.
   */
  readonly recipe?: (profile: TaskProfile, tokens: Recipe['tokens']) => Recipe;
  /**
   * Looks, without a model, for what it cannot work with in a profile.
   * @returns what is wrong with the gold of a labelled example, or null; left out where nothing can be
   * @throws SlmError
   */
  readonly check?: (profile: TaskProfile) => ((gold: Gold) => string | null) | null;
  prepare(context: MethodContext): Promise<Predictor>;
}
