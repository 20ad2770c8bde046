import type { FittedFeatures, TrainedVectors } from '../../heads/classifier.js';
import type { Interval } from '../../metrics/bootstrap.js';
import type {
  Capability,
  Document,
  EngineWith,
  Example,
  OpenStates,
  Output,
  StoredNumbers,
  TaskProfile,
  Threshold,
} from '../../types.js';
import type { LearnedEmbedder } from '../learned-embedder.js';

/** The capabilities of a language model in this process. */
export type LocalCapability = 'scores' | 'generation' | 'features';

/** Vectors of examples by an embedding model, each text read once for all candidates. */
export interface TextVectors {
  readonly dimensions: number;
  /** What is put before each text. */
  readonly prefix: string;
  read(examples: readonly Example[]): Promise<Float32Array[]>;
  /** A linear layer over vectors alone, fitted on these examples once for all candidates. */
  fitted(examples: readonly Example[], balanced: boolean): Promise<FittedFeatures>;
  /** The same as a classifier. */
  trained(examples: readonly Example[]): Promise<TrainedVectors>;
  /** Evaluated for a text. */
  countTokens(text: string): number;
}

/** Those of an embedding model beside the one that is tuned. */
export interface VectorsBeside extends TextVectors {
  readonly embedder: LearnedEmbedder;
  /** Itself, for other texts than those of the examples. */
  readonly engine: EngineWith<'embeddings'>;
}

/** The values that tuning works with: by default a language model in this process. It does not contain the fixtures. */
export interface TuneSession<Needs extends Capability = LocalCapability> {
  /** Without what was tuned before; its fixtures are empty. */
  readonly profile: TaskProfile;
  /** The whole model. */
  readonly engine: EngineWith<Needs>;
  /** The documents for questions without a passage of their own. */
  readonly documents: readonly Document[];
  /** Blocks of the model, and numbers of a hidden state. */
  readonly blocks: number;
  readonly width: number;
  /** More blocks than that no candidate may take for a token: fewer are faster. */
  readonly mostBlocks: number;
  /** Opens hidden states of the model, or why it has none to read. */
  readonly states: OpenStates | { readonly impossible: string };
  /** Vectors of the texts by an embedding model beside it; left out where there is none. */
  readonly beside?: VectorsBeside | null;
  /** The model that the profile names to judge answers; left out where it names none. */
  readonly judge?: EngineWith<'scores'> | null;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** How far the work on the present trial is. */
  onProgress(what: string, done: number, total: number): void;
}

/** A candidate that was fitted on all examples: what tuned settings hold of its method. */
export interface Fitted {
  readonly options: Readonly<Record<string, unknown>>;
  /** Learned values, by the method's own schema. */
  readonly learned: Readonly<Record<string, unknown>>;
  /** Numbers that are stored beside it; of the arrays named in `coarse` 3 digits are kept. */
  readonly numbers?: { readonly stored: StoredNumbers; readonly coarse: readonly string[] };
  readonly threshold?: Threshold;
  /** Held-out outputs with the scores that a run gives, where those of the trial are others. */
  readonly outputs?: readonly Output[];
}

/** One way to do the task, not yet fitted. */
export interface Candidate {
  /** The same for the same settings, whenever it is tried. */
  readonly key: string;
  readonly title: string;
  /** The method that it is a way of; null for a baseline, which needs no model and is measured only. */
  readonly method: string | null;
  /** Order of trials: candidates with a smaller number are tried first, whatever their method is. */
  readonly turn: number;
  /** Whether counts of words stand beside the model. */
  readonly words: boolean;
  /** Prefers the simpler one of two that are as good: 0 needs no model, a whole number more for each kind of effort. */
  readonly complexity: number;
  /** Blocks of the model that a token goes through; 0 without a model. */
  readonly layers: number;
  /**
   * Whether it takes seconds, since it reads no language model: it is measured on all examples before others begin.
   * Default: no.
   */
  readonly cheap?: boolean;
  /** Approximate number of tokens to evaluate for an example, for estimates of time. Default: 1. */
  readonly tokens?: number;
  /** Tokens of the prompt prefix, evaluated once. Default: 0. */
  readonly prefixTokens?: number;
  /** Key of the features to read; among candidates that share a key, only the first has to read them. */
  readonly reading?: string;
  /** Examples whose answers stand in its prompt; no candidate is measured on them. */
  readonly inPrompt?: ReadonlySet<Example>;
  /**
   * Whether the final fit reads the examples that no trial has read: what learns many numbers gains from each. Default: no,
   * it learns from those of its trial.
   */
  readonly fitsAll?: boolean;
  /** Outputs for each example by what was fitted on the other folds. */
  heldOut(examples: readonly Example[], folds: Int32Array): Promise<Trialled>;
  /** Fitted on all examples; null for what is measured only. Its last trial tells how sure it may be of itself. */
  readonly finish: ((examples: readonly Example[], trial: Trial) => Promise<Fitted>) | null;
}

/** The user's limits for the candidates. */
export interface PlanOptions {
  /** Whether counts of words may stand beside the model. They fit the texts at hand, and may mislead on others. */
  readonly words: boolean;
}

/** The candidates to try. */
export interface CandidatePlan {
  readonly candidates: readonly Candidate[];
  /** Examples that may come to stand in prompts of later candidates; nothing is measured on them. */
  readonly reserved?: ReadonlySet<Example>;
  /** More candidates, made of the best of the first ones; asked for once, after these were measured. */
  readonly next?: (trials: ReadonlyMap<Candidate, Trial>) => readonly Candidate[];
}

export interface Trialled {
  readonly outputs: readonly Output[];
  /** Evaluated for a record, beside the shared prefix; 0 without a model. */
  readonly tokensPerRecord: number;
  /** Its time in the search that made it, for estimates of a later one; trials of earlier versions say nothing. */
  readonly spent?: Spent;
}

/** The time of a trial, and what it was for. */
export interface Spent {
  /** Without what does not grow with the examples, such as making files. */
  readonly ms: number;
  /** Examples that were read for it alone. */
  readonly fresh: number;
  /** Whether another trial had read the examples for it. */
  readonly shared: boolean;
}

/** A candidate that was measured. */
export interface Trial {
  readonly key: string;
  readonly title: string;
  readonly complexity: number;
  /** Blocks of the model that a token goes through; 0 without a model. */
  readonly layers: number;
  /** The examples that it was measured on. */
  readonly examples: readonly Example[];
  readonly n: number;
  readonly folds: number;
  readonly score: number;
  readonly interval: Interval | null;
  /** The value that candidates are compared by, higher is better: the score, or a finer measure of the same. */
  readonly objectiveValue: number;
  readonly tokensPerRecord: number;
  readonly prefixTokens: number;
  /** Held-out outputs of the examples, for paired comparisons; not in tuned settings. */
  readonly outputs: readonly Output[];
}
