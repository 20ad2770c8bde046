/**
 * The vocabulary. No run-time code.
 *
 * Offsets are `[start, end)` in UTF-16 code units (what JavaScript strings use) everywhere inside;
 * `spans.ts` converts to code points or bytes where results leave the program.
 */

export type TaskType = 'classify' | 'extract' | 'answer' | 'generate';

/** Half-open interval in UTF-16 code units of the text it belongs to. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a row came from. */
export interface Origin {
  /** Path as the user gave it; `-` for standard input. */
  readonly file: string;
  /** The line on which the row starts, from 1; null when the row is the whole file. */
  readonly line: number | null;
}

/** A row as a reader yields it: named fields as they stand in the file, or the reason why it cannot be read. */
export interface Row {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  /** Set when this one row is unreadable (bad JSON, too long); the rows after it are fine. */
  readonly error?: string;
}

/** One unit of work for a task. */
export interface InputRecord {
  /** 0-based position in the input. */
  readonly index: number;
  readonly id: string;
  /** The main input: the text, or the question for `answer`. */
  readonly text: string;
  /** Every field of the row, and the main input under the name that the task has for it. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The name under which the main input was added to the fields; null where the row has it itself. */
  readonly added: string | null;
  /** What the row has under that name itself, where another field is its main input (`--field`). */
  readonly covered?: { readonly name: string; readonly value: unknown };
  readonly origin: Origin;
}

export interface Entity extends Span {
  readonly text: string;
  readonly label: string;
  /** Probability in [0, 1]; absent on gold. */
  readonly score?: number;
}

/** Fields that outputs of all types can have. */
interface Answered {
  /** In a cascade, the model that gave it. */
  readonly model?: string;
}

export interface ClassifyOutput extends Answered {
  readonly type: 'classify';
  /** Labels that hold: one for single-label tasks, any number for multi-label, none when abstaining. */
  readonly labels: readonly string[];
  readonly abstained: boolean;
  /** Probability of the best label, whether or not it passed the threshold. */
  readonly score: number;
  /** Probability of each label; sums to 1 for single-label tasks. */
  readonly scores: Readonly<Record<string, number>>;
}

export interface ExtractOutput extends Answered {
  readonly type: 'extract';
  /** Sorted by start; spans of the record's text. */
  readonly entities: readonly Entity[];
  /** Spans that a model has named and the text does not contain. Left out where there are none. */
  readonly ungrounded?: readonly string[];
}

/** Where an answer stands. */
export interface Evidence {
  /** Id of the document; that of a field of the record itself is `record/` and the field's name. */
  readonly document: string;
  /** The document's name for people: its file, or `-` for standard input, or the record's own field. */
  readonly source: string;
  /** 1-based line of the document on which the answer starts. */
  readonly line: number;
  /** 1-based page on which the answer starts; left out where the document has no pages. */
  readonly page?: number;
  /** Span in the document's whole text. */
  readonly span: Span;
  /** Where the span starts, in the unit that results count in. */
  readonly start: Readonly<Record<'codepoint' | 'utf16' | 'byte', number>>;
  /** The sentence around the answer. */
  readonly sentence: string;
  /** Where the sentence starts in the document's whole text, as `span` counts. */
  readonly sentenceStart: number;
}

/** An answer that was compared with the one that was given. */
export interface OtherAnswer {
  readonly answer: string;
  /** Probability-like, as that of the best one. */
  readonly score: number;
  readonly evidence: Evidence;
}

export interface AnswerOutput extends Answered {
  readonly type: 'answer';
  /** Copied from the source; null for "no answer". */
  readonly answer: string | null;
  /** Set where the answer was chosen, as yes or no: then the evidence is the sentence that shows it. */
  readonly isVerdict?: true;
  /**
   * Set where the answer is whole sentences, put together: each of them, in the order of the source. Then the evidence
   * is that of the likeliest one.
   */
  readonly sentences?: readonly OtherAnswer[];
  /** Probability-like score of the best candidate in [0, 1], also when it was rejected. */
  readonly score: number;
  /** Where the answer stands. Absent when there is none. */
  readonly evidence?: Evidence;
  /** Further answers at other places or with other words, best first. */
  readonly others?: readonly OtherAnswer[];
  /** Why there is no answer. */
  readonly reason?: string;
}

export interface GenerateOutput extends Answered {
  readonly type: 'generate';
  /** Exactly as generated; valid for the profile's schema or grammar. */
  readonly text: string;
  /** Parsed, when the profile has a JSON Schema. */
  readonly value?: unknown;
  /** Where values with `x-source` stand in the text: spans by JSON pointer into the output. */
  readonly sources?: readonly (Span & { readonly pointer: string })[];
}

export type Output = ClassifyOutput | ExtractOutput | AnswerOutput | GenerateOutput;

export interface ClassifyGold {
  readonly type: 'classify';
  readonly labels: readonly string[];
}

export interface ExtractGold {
  readonly type: 'extract';
  readonly entities: readonly Entity[];
}

export interface AnswerGold {
  readonly type: 'answer';
  /** Any of them is right; an empty list means the question has no answer. */
  readonly answers: readonly string[];
}

export interface GenerateGold {
  readonly type: 'generate';
  readonly output: string;
}

/** The right answer, as labelled by people. */
export type Gold = ClassifyGold | ExtractGold | AnswerGold | GenerateGold;

/** A labelled record. */
export interface Example {
  readonly record: InputRecord;
  readonly gold: Gold;
  readonly tags?: readonly string[];
  /** Where a larger model has labelled it; its likeliest label is the gold. */
  readonly taught?: TeacherLabel;
}

/** The label that a larger model gives to an unlabelled text. */
export interface TeacherLabel {
  /** Probability of each label. */
  readonly scores: Readonly<Record<string, number>>;
  /** How much it counts in training, 0 to 1: texts that the teacher is unsure of count less. */
  readonly weight: number;
}

export interface Prediction {
  readonly record: InputRecord;
  readonly output?: Output;
  /** Set instead of `output` when this record could not be processed. */
  readonly error?: string;
  /** From the start of its evaluation to its end, beside other records. */
  readonly ms: number;
  /** Filled only when asked for (`--explain`): titled sections in reading order. */
  readonly explanation?: readonly ExplanationPart[];
}

export interface ExplanationPart {
  readonly title: string;
  readonly body: string;
}

/** A text that questions are answered from. */
export interface Document {
  /** No other document of the run has it. */
  readonly id: string;
  /** Path as the user or the profile gave it; `-` for standard input, the field's name for a record's own text. */
  readonly source: string;
  readonly text: string;
  /** Offset in the text at which each page begins; left out where it has no pages. */
  readonly pages?: readonly number[];
  /** SHA-256 of the text; left out where nobody has computed it. */
  readonly digest?: string;
}

/** A gold label and what was predicted for it; `output` is null when the record failed. */
export interface Pair {
  readonly id: string;
  readonly text: string;
  readonly gold: Gold;
  readonly output: Output | null;
}

/** Id of a token in the model's vocabulary. */
export type Token = number;

/**
 * The tokens that the model reads. Each part of the prefix is evaluated in a call of its own and kept, and a part is
 * reused only as a whole. So a record's numbers do not depend on what was evaluated before it: the shape of a batch moves
 * log-probabilities by up to 0.5 nats.
 */
export interface Prompt {
  /** Parts that later prompts may share: usually one for the whole profile, sometimes a second for the record. */
  readonly prefix: readonly (readonly Token[])[];
  /** The new part; at least one token. */
  readonly input: readonly Token[];
}

export interface ModelInfo {
  /** Catalogue name, the file's base name, or the whole reference of a model behind a service. */
  readonly name: string;
  /** Null for a model behind a service. */
  readonly path: string | null;
  readonly sha256: string | null;
  readonly architecture: string;
  readonly format: 'base' | 'chat';
  /** Jinja source from the file or the manifest; null for base models. */
  readonly chatTemplate: string | null;
  readonly bosText: string;
  readonly eosText: string;
  /** Size of the file: what is read for each token; null where the engine has no file. */
  readonly bytes: number | null;
  /** Number of weights; left out where it is not known. */
  readonly parameters?: number;
  /** Tokens that a prompt may have at most. */
  readonly contextSize: number;
  readonly vocabularySize: number;
}

export interface GenerateOptions {
  readonly maxTokens: number;
  /** GBNF source. */
  readonly grammar?: string;
  /** Generation ends before the first of these strings. */
  readonly stop?: readonly string[];
  /** Draws the tokens at random by their probability, divided by `temperature`. Without it, the most likely ones. */
  readonly sample?: { readonly temperature: number; readonly seed: number };
  readonly signal?: AbortSignal;
}

export interface Generated {
  readonly text: string;
  readonly tokens: number;
  /** `end`: the model or the grammar was done. `stop`: a stop string. `length`: cut off at `maxTokens`. */
  readonly stopReason: 'end' | 'stop' | 'length';
}

/** One step of `decode`: the tokens allowed next. An empty list, or null, ends the decoding. */
export type NextTokens = (soFar: readonly Token[]) => readonly Token[] | null;

export interface Decoded {
  readonly tokens: readonly Token[];
  /** Log-probability of each token under the whole vocabulary, nats. */
  readonly logprobs: readonly number[];
  /**
   * Share of the probability that each chosen token had among the allowed ones, as log, nats; 0 where
   * only one was allowed.
   */
  readonly choiceLogprobs: readonly number[];
}

/** Work that an engine has done so far, for statistics. */
export interface EngineUsage {
  /** Prompt tokens of records, without the shared prefix. */
  readonly evaluatedTokens: number;
  /** Tokens of the first part of prefixes: once for each slot, as long as the prefix stays the same. */
  readonly prefixTokens: number;
  readonly generatedTokens: number;
  readonly reusedTokens: number;
  /** Paid to a service, in the money of its price. Null where no price is known; absent for models on this machine. */
  readonly money?: number | null;
}

/** Cuts texts into the tokens of a model. */
export interface Tokenizer {
  /**
   * Tokens of `text`. With `special`, control tokens written in it act (for template parts that we wrote);
   * without, they are plain text (for everything that comes from the user).
   */
  tokenize(text: string, options?: { special?: boolean }): Token[];
  detokenize(tokens: readonly Token[]): string;
  /** Tokens that a prompt must begin with: the BOS token where the model has one. */
  readonly bos: readonly Token[];
}

/** Capability `scores`: log-probabilities of tokens. */
export interface TokenScorer extends Tokenizer {
  /**
   * Log-probability of each continuation after the prompt, nats, summed over its tokens. Exact: read from the
   * full softmax, not renormalised over the continuations. Continuations that share their first tokens share
   * the work (a trie).
   */
  scoreContinuations(prompt: Prompt, continuations: readonly (readonly Token[])[]): Promise<number[]>;
  /**
   * Log-probabilities of the named tokens as the next token, at each of the given positions of `prompt.input`
   * (0 = after its first token).
   */
  scoreNext(prompt: Prompt, positions: readonly number[], tokens: readonly Token[]): Promise<number[][]>;
  /** Greedy decoding among the tokens that `next` allows. */
  decode(prompt: Prompt, next: NextTokens, options: { maxTokens: number }): Promise<Decoded>;
}

/** Capability `generation`: text after a prompt of tokens, free or bounded by a grammar. */
export interface Generator extends Tokenizer {
  generate(prompt: Prompt, options: GenerateOptions): Promise<Generated>;
}

/** A linear layer over the hidden states of a model, which it is opened with. */
export interface ModelHead {
  /** Blocks of the model below it: their hidden state, normalised as the model normalises its last one, is its input. */
  readonly layers: number;
  /** One for each score, as wide as a hidden state. */
  readonly rows: readonly Float32Array[];
}

/** Capability `features`: the scores of the head that the model was opened with. How they come about is its matter. */
export interface FeatureReader extends Tokenizer {
  /** The scores of the head's first `count` rows at each of the given positions of `prompt.input`. */
  headScores(prompt: Prompt, positions: readonly number[], count: number): Promise<Float64Array[]>;
}

/** A prompt and the positions of its input whose hidden states are wanted. */
export interface WantedStates {
  readonly prompt: Prompt;
  readonly positions: readonly number[];
}

/** Gives hidden states, for heads to be trained on. */
export interface StateReader {
  /** Hidden states of one prompt, positions × width, one after another. */
  read(wanted: WantedStates): Promise<Float32Array>;
  readonly slots: number;
  dispose(): Promise<void>;
}

/** Makes the hidden states after `layers` blocks readable, of these prompts and no others. */
export type OpenStates = (all: readonly WantedStates[], layers: number) => Promise<StateReader>;

/** Words that an embedding model was trained to read before a text; empty where it expects none. */
export interface TextPrefixes {
  /** Before a text that is classified, or compared with its like. */
  readonly text: string;
  /** Before a question that passages are found by. */
  readonly query: string;
  /** Before a passage that is to be found. */
  readonly passage: string;
}

/** Capability `embeddings`: one vector for a text. */
export interface Embedder {
  /** Numbers of a vector. */
  readonly dimensions: number;
  /** Callers put one of these before a text, according to its kind. */
  readonly prefixes: TextPrefixes;
  /**
   * Vectors of length 1, one for each text: their dot product is the cosine similarity. A text longer than the context
   * is read in parts; its vector is their mean.
   */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}

/** One of the answers that a `Decider` chooses from. */
export interface DecisionOption {
  readonly name: string;
  /** Empty where the name says it all. */
  readonly description: string;
}

/** Capability `decisions`: takes a whole text and says how likely each of some answers is. */
export interface Decider {
  /** Probabilities of the options, in their order; they sum to 1. */
  decide(
    question: {
      readonly instruction: string;
      readonly text: string;
      readonly options: readonly DecisionOption[];
      /** A picture that the text goes with: a path, an address or a data URL. For engines with `images`. */
      readonly image?: string;
    },
    options?: { readonly signal?: AbortSignal },
  ): Promise<number[]>;
}

/** A turn of a conversation, as whole text. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  /** A picture that the text goes with: a path, an address or a data URL. For engines with `images`. */
  readonly image?: string;
}

/** Capability `chat`: answers whole texts with a whole text. */
export interface TextGenerator {
  chat(
    turns: readonly ChatTurn[],
    options: {
      readonly maxTokens: number;
      /** JSON Schema that the answer must follow. */
      readonly schema?: unknown;
      readonly stop?: readonly string[];
      readonly signal?: AbortSignal;
    },
  ): Promise<Generated>;
}

/** Interfaces of the capabilities of engines; a method says which of these it needs. */
export interface CapabilityInterfaces {
  readonly scores: TokenScorer;
  readonly generation: Generator;
  readonly features: FeatureReader;
  readonly embeddings: Embedder;
  readonly decisions: Decider;
  readonly chat: TextGenerator;
}

export type Capability = keyof CapabilityInterfaces;

/**
 * A model that is ready. `src/engines/index.ts` lists the kinds of engines, `test/helpers/fake-engine.ts` is a scripted
 * one. All calls may be made concurrently; up to `slots` run at once, further ones wait.
 */
export interface Engine {
  readonly model: ModelInfo;
  /** The interfaces that it really has. */
  readonly capabilities: readonly Capability[];
  readonly slots: number;
  /** Whether it takes pictures beside texts. */
  readonly images?: boolean;
  /** How many tokens the text has; an estimate that is rather too high where the engine has no tokenizer. */
  countTokens(text: string): number;
  /** Keeps one slot for all calls made within `work`: for records that need several calls on the same text. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Begins work on another text at once, on a slot of its own, while `hold` keeps one.
   * @returns null if no slot is free
   */
  beside<T>(work: () => Promise<T>): Promise<T> | null;
  usage(): EngineUsage;
  dispose(): Promise<void>;
}

type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** An engine that has these capabilities. */
export type EngineWith<Needs extends Capability> = Engine & Intersection<CapabilityInterfaces[Needs]>;

/** A language model in this process. */
export type LocalEngine = EngineWith<'scores' | 'generation' | 'features'> & {
  readonly model: { readonly path: string };
};

/** A label of a profile. */
export interface Label {
  readonly name: string;
  readonly description: string;
  /** The verbalizer: the word that the model reads and is scored on for this label. Defaults to the name. */
  readonly word: string;
  /** Other spellings in labelled data: `PER` for `person`. */
  readonly aliases: readonly string[];
}

/** How a record is put before the model. Each text is a Jinja template over the record's fields and `labels`. */
export interface PromptTemplates {
  /** Said once: the first paragraph for base models, the system message for chat models. */
  readonly instruction: string;
  /** One item for a base model; ends where the model goes on. Examples are rendered with it too. */
  readonly base: string;
  /** One user turn for a chat model. */
  readonly chat: string;
  /** Which of the two a model gets: `auto` goes by the model's format, `able` by its format and size. */
  readonly use: 'auto' | 'able' | 'base' | 'chat';
  /** Further templates for base models, which tuning tries beside `base`. */
  readonly variants?: readonly string[];
}

/** The treatment of results whose score is below `min`. */
export interface Threshold {
  readonly min: number;
  /** `abstain`, or the label to fall back to. */
  readonly below: string;
}

/** A metric that an evaluation must reach. */
export interface MetricGoal {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
}

/** Numbers by name, as the side file of tuned settings holds them. */
export type StoredArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** Numbers that a method has learned, as they are stored: settings that can be read, and arrays by name. */
export interface StoredNumbers {
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, StoredArray>>;
}

/** The tuned settings of a task for one model. */
export interface Tuned {
  /** The file of tuned settings, for messages. */
  readonly file: string;
  /** Changes with anything that a result depends on. */
  readonly digest: string;
  /** Checked against the method's own schema; only the method looks inside. */
  readonly learned: unknown;
  /** Numbers of the method that would be unreadable as text; null where it has none. */
  readonly numbers: StoredNumbers | null;
}

/** A task as the user wrote it, checked and with its files read. */
export interface TaskProfile {
  readonly name: string;
  /** Path of the task.yaml. */
  readonly path: string;
  readonly description: string;
  readonly type: TaskType;
  /** Name, path or URI of the model it was made for; null for the default model. */
  readonly model: string | null;
  /** Field that holds the main input. */
  readonly input: string;
  readonly labels: readonly Label[];
  /** Names of the labels that a result may have, where that is not all of them. The method still scores all. */
  readonly among?: readonly string[];
  readonly multiLabel: boolean;
  /** Field of the right answer in labelled data, where it has another name than usual. */
  readonly labelField?: string | null;
  readonly prompt: PromptTemplates;
  readonly examples: readonly Example[];
  readonly method: string;
  /** Whether the task names its method; else an engine that cannot do the usual one may get another. */
  readonly methodNamed?: boolean;
  /** Checked against the method's own schema. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly schema: unknown;
  /** GBNF source. */
  readonly grammar: string | null;
  readonly threshold: Threshold;
  readonly metrics: readonly MetricGoal[];
  /** Test examples; what only measuring may look at. */
  readonly fixtures: readonly Example[];
  /** Absolute paths. */
  readonly documents: readonly string[];
  /** The entries that name them: files, folders and `folder/*.md`, absolute. */
  readonly documentEntries?: readonly string[];
  /** All else that it was read from: the task.yaml, those it includes, and what they name. Absolute paths. */
  readonly files: readonly string[];
  /** Changes whenever anything changes that a result depends on. */
  readonly digest: string;
  /** The tuned settings for the model in use; null where nothing was tuned, or `--untuned` is given. */
  readonly tuned: Tuned | null;
  /** Settings that are valid but look like a slip, with file and line. */
  readonly notes?: readonly string[];
}
