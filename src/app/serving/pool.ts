import type { SlmError } from '../../errors.js';
import { usageError } from '../../errors.js';
import { loadProfile } from '../../profile/index.js';
import { listTasks } from '../../profile/paths.js';
import type { BadRow } from '../../record.js';
import type { GenerateOutput, InputRecord, Prediction, TaskProfile } from '../../types.js';
import type { TaskFlags } from '../opening/flags.js';
import { type LoadedSource, openHere } from '../run/task-source.js';
import { profileContext, type Surroundings } from '../surroundings.js';
import { type AskedQuestion, openQuestions, type QuestionSource, type WantedText } from './questions.js';
import { withoutFiles } from './without-files.js';

/** A task as clients see it. */
export interface ServedTask {
  readonly name: string;
  readonly description: string;
  readonly type: TaskProfile['type'];
  readonly multiLabel: boolean;
  readonly input: string;
  readonly labels: readonly { readonly name: string; readonly description: string }[];
}

export interface PoolOptions {
  /** Names or paths; none means all that are found by name. */
  readonly tasks: readonly string[];
  readonly flags: TaskFlags;
  /** Bytes that this process may hold before models that nobody uses are freed; null for no limit. */
  readonly maxMemoryBytes: number | null;
}

/** Tasks that many clients share. A model is loaded when it is first asked for. */
export interface TaskPool {
  readonly tasks: readonly ServedTask[];
  find(name: string): ServedTask | null;
  /** Predictions for a stream of records, in its order. */
  predict(
    task: ServedTask,
    records: AsyncIterable<InputRecord | BadRow>,
    signal: AbortSignal,
  ): AsyncIterable<Prediction>;
  /** The probability of each option, by name, for a question that belongs to no task. */
  ask(question: AskedQuestion, state: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** A text, or JSON of this schema, by the default model. */
  generate(wanted: WantedText, signal: AbortSignal): Promise<GenerateOutput>;
  /** Tokens of a text, by the task's model or the one that answers questions. */
  countTokens(task: ServedTask | null, text: string): Promise<number>;
  /** Loads a task's model, for a server that is to answer its first request at once. */
  load(task: ServedTask): Promise<void>;
  /** Names of what is in memory. */
  loaded(): readonly string[];
  close(): Promise<void>;
}

/** Something that holds a model. */
interface Entry<T extends { close(): Promise<void> }> {
  readonly name: string;
  readonly source: Promise<T>;
  users: number;
  lastUsed: number;
}

/**
 * Reads the tasks; loads no model.
 * @throws SlmError when a named task is invalid; one that is found by name alone is left out with a notice
 */
export async function openPool(world: Surroundings, options: PoolOptions): Promise<TaskPool> {
  // A budget is for the server as a whole, however many tasks use a service, and however often they are opened.
  const surroundings: Surroundings = { ledger: [], ...world };
  const named = options.tasks.length > 0;
  const { folders } = profileContext(surroundings);
  const specs = named ? options.tasks : listTasks(folders).map(({ name }) => name);
  const served = new Map<string, { task: ServedTask; spec: string }>();
  for (const spec of specs) {
    try {
      const profile = await loadProfile(spec, profileContext(surroundings));
      if (served.has(profile.name)) throw usageError(`two tasks are called "${profile.name}"`);
      served.set(profile.name, { task: servedTask(profile), spec });
    } catch (error) {
      if (named) throw error;
      surroundings.notice(`task "${spec}" is not served: ${(error as SlmError).message}`);
    }
  }
  const entries = new Map<string, Entry<LoadedSource | QuestionSource>>();

  const use = async <T extends LoadedSource | QuestionSource, R>(
    name: string,
    open: () => Promise<T>,
    work: (source: T) => Promise<R>,
  ): Promise<R> => {
    let entry = entries.get(name) as Entry<T> | undefined;
    if (entry === undefined) {
      entry = { name, source: open(), users: 0, lastUsed: 0 };
      entries.set(name, entry);
      // One that could not be opened is tried again when it is asked for again.
      entry.source.catch(() => entries.delete(name));
    }
    entry.users++;
    try {
      const source = await entry.source;
      return await work(source);
    } finally {
      entry.users--;
      entry.lastUsed = surroundings.now();
      await freeUnused();
    }
  };

  const freeUnused = async () => {
    const { maxMemoryBytes } = options;
    while (maxMemoryBytes !== null && surroundings.memoryBytes() > maxMemoryBytes && entries.size > 1) {
      const [oldest] = [...entries.values()].filter(({ users }) => users === 0).sort((a, b) => a.lastUsed - b.lastUsed);
      if (oldest === undefined) return;
      entries.delete(oldest.name);
      await (await oldest.source).close();
    }
  };

  const openTask = (name: string) => () =>
    openHere(surroundings, (served.get(name) as { spec: string }).spec, options.flags, 'many', null);
  const questions = 'questions without a task';
  const withQuestions = <R>(work: (source: QuestionSource) => Promise<R>) =>
    use(questions, () => openQuestions(surroundings, options.flags), work);

  return {
    tasks: [...served.values()].map(({ task }) => task),
    find: (name) => served.get(name)?.task ?? null,
    async *predict({ name }, records, signal) {
      const results = channel<Prediction>();
      const working = use(name, openTask(name), async (source) => {
        for await (const prediction of source.predict(withoutFiles(records), { explain: false, signal })) {
          source.checkModel();
          if (!(await results.send(prediction))) return;
        }
      }).then(results.end, results.fail);
      try {
        yield* results.received;
      } finally {
        results.leave();
        await working;
      }
    },
    ask: (question, state, signal) => withQuestions((source) => source.ask(question, state, signal)),
    generate: (wanted, signal) => withQuestions((source) => source.generate(wanted, signal)),
    countTokens: (task, text) =>
      task === null
        ? withQuestions(async (source) => source.countTokens(text))
        : use(task.name, openTask(task.name), async (source) => source.countTokens(text)),
    load: ({ name }) => use(name, openTask(name), async () => undefined),
    loaded: () => [...entries.keys()],
    async close() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.allSettled(all.map(async ({ source }) => (await source).close()));
    },
  };
}

function servedTask({ name, description, type, multiLabel, input, labels }: TaskProfile): ServedTask {
  return {
    name,
    description,
    type,
    multiLabel,
    input,
    labels: labels.map((label) => ({ name: label.name, description: label.description })),
  };
}

/** Hands values over one at a time: the sender waits until each was taken. */
function channel<T>() {
  let wake: () => void = () => undefined;
  let taken: (more: boolean) => void = () => undefined;
  let waiting: { value: T } | null = null;
  let end: { error?: unknown } | null = null;
  let left = false;
  return {
    /** Whether the receiver is still there. */
    send(value: T): Promise<boolean> {
      if (left) return Promise.resolve(false);
      waiting = { value };
      wake();
      return new Promise((resolve) => {
        taken = resolve;
      });
    },
    end() {
      end = {};
      wake();
    },
    fail(error: unknown) {
      end = { error };
      wake();
    },
    leave() {
      left = true;
      taken(false);
    },
    received: (async function* () {
      for (;;) {
        if (waiting !== null) {
          const { value } = waiting as { value: T };
          waiting = null;
          yield value;
          taken(true);
        } else if (end !== null) {
          if ('error' in end) throw (end as { error: unknown }).error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    })(),
  };
}
