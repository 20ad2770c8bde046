import { failure, PromptTooLong, SlmError, usageError } from '../../errors.js';
import { watchModelFile } from '../../gguf/model-file.js';
import { digestOf } from '../../jobs/rolling-digest.js';
import { methodNamed } from '../../methods/index.js';
import type { Cache } from '../../methods/types.js';
import { openTask, predict, type Task } from '../../predict.js';
import { classify } from '../../task-types/classify/index.js';
import { classified } from '../../task-types/classify/values.js';
import { generate } from '../../task-types/generate/index.js';
import { generated } from '../../task-types/generate/values.js';
import type { Engine, GenerateOutput, InputRecord, Output, TaskProfile } from '../../types.js';
import { modelToFetch } from '../opening/choose-model.js';
import type { EngineFlags } from '../opening/flags.js';
import { openModel } from '../opening/open-model.js';
import type { Surroundings } from '../surroundings.js';

/** A question that brings its own options, and belongs to no task. */
export interface AskedQuestion {
  readonly instructions: string;
  /** The options; their order does not matter to the answer. */
  readonly options: readonly {
    readonly name: string;
    readonly description: string;
    /** The word that the model is scored on. */
    readonly word: string;
  }[];
}

/** A text that is wanted of the model, and belongs to no task. */
export interface WantedText {
  readonly instructions: string;
  readonly text: string;
  /** JSON Schema; null for free text. */
  readonly schema: unknown;
  /** Whether objects may have properties that the schema does not list. */
  readonly unlisted: boolean;
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

/** Answers questions by the default model's label scores, and generates by it. */
export interface QuestionSource {
  /** The probability of each option, by name. */
  ask(question: AskedQuestion, state: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** @throws SlmError when the schema cannot be used, or what was generated is cut off */
  generate(wanted: WantedText, signal: AbortSignal): Promise<GenerateOutput>;
  countTokens(text: string): number;
  close(): Promise<void>;
}

/** Tokens: 255 options with a description each need four thousand. */
const roomForOptions = 8192;

/** Questions whose bias stays known; each has a few numbers. */
const keptQuestions = 500;

/** Loads the model that answers questions without a task. */
export async function openQuestions(surroundings: Surroundings, flags: EngineFlags): Promise<QuestionSource> {
  const engine = await openModel(
    surroundings,
    await modelToFetch(surroundings, flags, null),
    { contextSize: roomForOptions, ...flags },
    'many',
  );
  const file = engine.model.path === null ? null : watchModelFile(engine.model.path);
  const cache = memoryCache();
  const opened = new Map<string, Promise<Task>>();
  const taskFor = (profile: TaskProfile): Promise<Task> => {
    const known = opened.get(profile.digest) ?? prepare(profile, engine, cache);
    opened.delete(profile.digest);
    opened.set(profile.digest, known);
    if (opened.size > keptQuestions) opened.delete(opened.keys().next().value as string);
    known.catch(() => opened.delete(profile.digest));
    return known;
  };
  const outputOf = async (profile: TaskProfile, text: string, signal: AbortSignal): Promise<Output> => {
    const task = await taskFor(profile).catch((error: unknown) => {
      // Its own words are too many, whatever the text.
      throw error instanceof PromptTooLong ? usageError(error.message, undefined, error) : error;
    });
    const record: InputRecord = {
      index: 0,
      id: '',
      text,
      fields: { [profile.input]: text },
      added: null,
      origin: { file: '-', line: 1 },
    };
    const options = { explain: false, now: surroundings.now, signal: AbortSignal.any([signal, surroundings.signal]) };
    for await (const { output, error } of predict(task, only(record), options)) {
      file?.check();
      if (output !== undefined) return output;
      throw usageError(error ?? 'there is no result');
    }
    throw new SlmError('interrupted', 'interrupted');
  };
  return {
    async ask(question, state, signal) {
      const scores = classified(await outputOf(questionProfile(question), state, signal))?.scores;
      return new Map(Object.entries(scores ?? {}));
    },
    async generate(wanted, signal) {
      const output = generated(await outputOf(generationProfile(wanted), wanted.text, signal));
      if (output === null) throw failure('nothing was generated');
      return output;
    },
    countTokens: (text) => engine.countTokens(text),
    close: () => engine.dispose(),
  };
}

async function* only<T>(item: T): AsyncGenerator<T> {
  yield item;
}

function prepare(profile: TaskProfile, engine: Engine, cache: Cache): Promise<Task> {
  return openTask({
    profile,
    engine,
    documents: [],
    cache,
    ownDocuments: async () => [],
    onProgress: () => undefined,
  });
}

/**
 * The question as a task. Options stand in the order of their names, so that the order in which a client names them
 * cannot matter; what contextual calibration takes off is the model's liking for an option whatever the text.
 */
function questionProfile({ instructions, options }: AskedQuestion): TaskProfile {
  const labels = [...options]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, description, word }) => ({ name, description, word, aliases: [] }));
  const method = 'label-likelihood';
  return {
    ...nothing,
    name: 'question',
    type: classify.type,
    input: 'state',
    labels,
    prompt: {
      instruction: `${literal(instructions)}\n{% for label in labels %}{{ '- ' + label.word + (': ' + label.description if label.description else '') + '\\n' }}{% endfor %}`,
      base: 'Text: {{ state }}\nAnswer:',
      chat: 'Text: {{ state }}\n\nAnswer with one of the options alone.',
      use: 'auto',
    },
    method,
    options: methodNamed(method).options.parse({ shots: 0, calibration: 'contextual' }),
    digest: digestOf([instructions, labels]),
  };
}

/** The requested output as a task without examples. */
function generationProfile({ instructions, schema, unlisted, maxTokens, stop }: WantedText): TaskProfile {
  const method = generate.defaultMethod(false);
  return {
    ...nothing,
    name: 'generation',
    type: generate.type,
    input: 'text',
    labels: [],
    prompt: {
      instruction: literal(instructions),
      base: 'Input: {{ text }}\nOutput:',
      chat: '{{ text }}',
      use: 'auto',
    },
    method,
    options: methodNamed(method).options.parse({ shots: 0, unlisted, maxTokens, stop }),
    schema,
    digest: digestOf([instructions, schema, unlisted, maxTokens, stop]),
  };
}

/** Fields of a profile that a task without a file leaves empty. */
const nothing = {
  path: 'a request',
  description: '',
  model: null,
  multiLabel: false,
  examples: [],
  schema: null,
  grammar: null,
  threshold: { min: 0, below: 'abstain' },
  metrics: [],
  fixtures: [],
  documents: [],
  files: [],
  tuned: null,
} satisfies Partial<TaskProfile>;

/** Text that says itself in a template, whatever is in it. */
function literal(text: string): string {
  return text === '' ? '' : `{{ ${JSON.stringify(text)} }}`;
}

function memoryCache(): Cache {
  const values = new Map<string, unknown>();
  return {
    get: async (key) => values.get(key) ?? null,
    async set(key, value) {
      values.set(key, value);
      if (values.size > keptQuestions) values.delete(values.keys().next().value as string);
    },
  };
}
