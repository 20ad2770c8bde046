import { createHash } from 'node:crypto';
import { failure, messageOf, SlmError } from './errors.js';
import { imageOf } from './image.js';
import { methodOf } from './methods/index.js';
import { lastingName, modelKey } from './methods/model-key.js';
import { checkNeeds } from './methods/needs.js';
import type { Cache, MethodContext, Predictor } from './methods/types.js';
import { mapInOrder } from './ordered.js';
import { type BadRow, isBadRow, predictionOfBadRow } from './record.js';
import { sentences, windows } from './segment.js';
import { taskTypes } from './task-types/index.js';
import type { Piece } from './task-types/types.js';
import type {
  Document,
  Engine,
  EngineUsage,
  ExplanationPart,
  InputRecord,
  Output,
  Prediction,
  Span,
  TaskProfile,
  TaskType,
} from './types.js';

/** A profile with its method made ready on a model. */
export interface Task {
  readonly profile: TaskProfile;
  readonly engine: Engine;
  readonly predictor: Predictor;
  /** The documents that questions are answered from. */
  readonly documents: readonly Document[];
  /** Digest of the constants that it was made ready with. */
  readonly constants: string;
  /** The same task on the model with its whole vocabulary; null where this one has all tokens. */
  readonly fallback: Fallback | null;
  /** Absent where it is the only model. */
  readonly stage?: Stage;
}

/** The place of a task's model in a cascade: it answers what it is sure of, and passes on the rest. */
export interface Stage {
  /** Its name; the engine of the first one goes by that of the cascade. */
  readonly model: string;
  /** Certainty from which its output is the result; null for the last one, which answers all that is left. */
  readonly atLeast: number | null;
  /** Null for the last one. */
  readonly next: { open(): Promise<Task> /** Null until a record has asked for it. */; opened(): Task | null } | null;
  /** Runs work of this model when it is its turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** How long it has been at work. */
  seconds(): number;
}

/** The whole model, for the records that the cut vocabulary would read as other tokens. */
export interface Fallback {
  /** Whether the cut vocabulary suffices: then the tokens are the same. */
  covers(record: InputRecord): boolean;
  open(): Promise<Task>;
  /** The opened task; null until a record has asked for it. */
  opened(): Task | null;
}

/** Outputs of earlier runs. */
export interface KnownOutputs {
  get(record: InputRecord): Promise<Output | null>;
  set(record: InputRecord, output: Output): Promise<void>;
}

export interface PredictOptions {
  readonly explain: boolean;
  /** Milliseconds of some clock. */
  readonly now: () => number;
  /** Ends the predictions early. */
  readonly signal?: AbortSignal;
  /** Asked before the model is, and told what it said; not with `explain`. */
  readonly known?: KnownOutputs;
}

/** Calibrates where the method needs it; later calls read that from the cache. */
export async function openTask({ engine, ...context }: MethodContext<never>): Promise<Task> {
  const constants = new Map<string, unknown>();
  const cache: Cache = {
    async get(key) {
      const value = await context.cache.get(key);
      if (value !== null) constants.set(key, value);
      return value;
    },
    async set(key, value) {
      constants.set(key, value);
      await context.cache.set(key, value);
    },
  };
  const method = methodOf(context.profile);
  checkNeeds(method, engine);
  const predictor = await method.prepare({ ...context, engine, cache });
  const others = [context.embedder, context.judge].flatMap((other) =>
    other == null ? [] : [[other.model.name, other.model.sha256]],
  );
  // Keys tell a file that nobody hashes by its time, too, which a copy of the same file does not have.
  const models = [engine, context.judge].filter((each) => each != null);
  const named = (key: string) => models.reduce((text, each) => text.replaceAll(modelKey(each), lastingName(each)), key);
  const sorted = [...constants]
    .map(([key, value]) => [named(key), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    profile: context.profile,
    engine,
    predictor,
    documents: context.documents,
    fallback: null,
    constants: createHash('sha256')
      .update(JSON.stringify([...sorted, ...others]))
      .digest('hex'),
  };
}

/** Changes with the task, with what was tuned for its model, and with the labels that were chosen. */
export function settingsDigest({ digest, among }: Pick<TaskProfile, 'digest' | 'among'>): string {
  return createHash('sha256')
    .update(JSON.stringify([digest, among ?? null]))
    .digest('hex')
    .slice(0, 32);
}

/** The tasks of a cascade, those that were opened; the task alone where there is none. */
export function openedStages(task: Task): Task[] {
  const next = task.stage?.next?.opened() ?? null;
  return next === null ? [task] : [task, ...openedStages(next)];
}

/** The same with all of them opened: for what depends on all, and for measuring without the time of loading. */
export async function openStages(task: Task): Promise<Task[]> {
  const next = await task.stage?.next?.open();
  return next === undefined ? [task] : [task, ...(await openStages(next))];
}

/** The cost of a task so far, over all its engines. */
export function usageOf(task: Task): EngineUsage {
  const engines = openedStages(task).flatMap(({ engine, fallback }) =>
    [engine, fallback?.opened()?.engine ?? []].flat(),
  );
  const used = engines.map((engine) => engine.usage());
  const sum = (key: Exclude<keyof EngineUsage, 'money'>) => used.reduce((total, usage) => total + usage[key], 0);
  const money = used.flatMap((usage) => (usage.money === undefined ? [] : [usage.money]));
  return {
    evaluatedTokens: sum('evaluatedTokens'),
    prefixTokens: sum('prefixTokens'),
    generatedTokens: sum('generatedTokens'),
    reusedTokens: sum('reusedTokens'),
    ...(money.length === 0 ? {} : { money: totalOf(money) }),
  };
}

/** Null where one of them is not known. */
function totalOf(amounts: readonly (number | null)[]): number | null {
  return amounts.reduce((total, amount) => (total === null || amount === null ? null : total + amount), 0);
}

/**
 * Records under way. Usually one more than a slot works on: tokenising the next goes on meanwhile. Where each record
 * needs several prompts many more, so that a slot does one prompt for all of them before it turns to the next.
 */
const recordsPerSlot = { usual: 2, apart: 32 };

/**
 * Predictions for a stream of records, in its order, as they come. A record that cannot be processed becomes a
 * prediction with an error; the others are there.
 */
export function predict(
  task: Task,
  records: AsyncIterable<InputRecord | BadRow> | Iterable<InputRecord | BadRow>,
  options: PredictOptions,
): AsyncIterable<Prediction> {
  // The models of a cascade take turns; the more records are under way, the fewer turns there are.
  const many = task.predictor.apart === true || task.stage !== undefined;
  const atOnce = task.engine.slots * (many ? recordsPerSlot.apart : recordsPerSlot.usual);
  return mapInOrder(records, atOnce, (record) => predictOne(task, record, options), options.signal);
}

async function predictOne(task: Task, record: InputRecord | BadRow, options: PredictOptions): Promise<Prediction> {
  const start = options.now();
  if (isBadRow(record)) return predictionOfBadRow(record);
  try {
    // A file may have another picture tomorrow.
    const kept = options.explain || imageOf(record) !== null ? undefined : options.known;
    const known = (await kept?.get(record)) ?? null;
    if (known !== null) return { record, output: known, ms: options.now() - start };
    const { output, explanation } = await answerFor(task, record, options.explain);
    await kept?.set(record, output);
    return { record, output, ms: options.now() - start, ...(options.explain ? { explanation } : {}) };
  } catch (error) {
    if (error instanceof NextRefused) throw error.cause;
    if ((error instanceof SlmError && error.kind === 'model') || isAbort(error)) throw error;
    const hint = error instanceof SlmError && error.hint !== undefined ? ` ${error.hint}` : '';
    return { record, error: `${messageOf(error)}.${hint}`, ms: options.now() - start };
  }
}

/** The next model of a cascade is refused: no fault of the record that needs it, and the user has to mend it. */
class NextRefused extends Error {
  override readonly name = 'NextRefused';
}

async function openNext({ open }: NonNullable<Stage['next']>): Promise<Task> {
  try {
    return await open();
  } catch (cause) {
    throw cause instanceof SlmError && cause.kind === 'usage' ? new NextRefused(cause.message, { cause }) : cause;
  }
}

interface Answer {
  readonly output: Output;
  readonly explanation: readonly ExplanationPart[];
}

/** The answer of the model; in a cascade, of the first one that is sure enough. */
async function answerFor(task: Task, record: InputRecord, explain: boolean): Promise<Answer> {
  const { fallback, stage } = task;
  const unreadable = imageProblem(task, record);
  if (unreadable !== null && stage?.next != null) return answerFor(await openNext(stage.next), record, explain);
  if (unreadable !== null) throw unreadable;
  const able = fallback === null || fallback.covers(record) ? task : await fallback.open();
  if (stage === undefined) return outputFor(able, record, explain);
  const { output, explanation } = await stage.take(() => outputFor(able, record, explain));
  const certainty = taskTypes[task.profile.type].certainty?.(output, task.profile.multiLabel) ?? 1;
  const own = {
    output: { ...output, model: stage.model },
    explanation: explanation.map((part) => ({ ...part, title: `${stage.model}: ${part.title}` })),
  };
  // An empty text gets its answer without a model: no other one knows more.
  if (stage.next === null || stage.atLeast === null || certainty >= stage.atLeast || isEmpty(record)) return own;
  const further = await answerFor(await openNext(stage.next), record, explain);
  const passed = {
    title: `${stage.model} passes it on`,
    body: `certainty ${certainty.toFixed(4)}, wanted at least ${stage.atLeast}`,
  };
  return { output: further.output, explanation: [...own.explanation, passed, ...further.explanation] };
}

function isEmpty(record: InputRecord): boolean {
  return record.text.trim() === '' && imageOf(record) === null;
}

/** Why the model cannot do a record with a picture: what it does without looking would seem to be about the picture. */
function imageProblem({ engine, predictor, profile }: Task, record: InputRecord): SlmError | null {
  if (imageOf(record) === null) return null;
  const without = 'leave the field "image" out to go by the text alone';
  if (engine.images !== true)
    return failure(
      `the record has an image, and ${engine.model.name} reads texts alone`,
      `Name a model that takes images (-m openai:…, docs/remote.md#images), or ${without}.`,
    );
  if (predictor.readsImages === true) return null;
  return failure(
    `the record has an image, and tasks of type ${profile.type} are about texts alone`,
    `Images are for classify and generate; ${without}.`,
  );
}

/** The work was ended from outside; that is no fault of the record. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

async function outputFor(task: Task, record: InputRecord, explain: boolean): Promise<Answer> {
  const { profile, predictor } = task;
  if (isEmpty(record)) return { output: taskTypes[profile.type].empty(profile), explanation: [] };
  const spans = piecesOf(task, record.text);
  const predictPiece = ({ start, end }: Span) =>
    predictor.predict({ record, text: record.text.slice(start, end), explain });
  // Each piece keeps one slot for all its calls; the pieces of a long document share the slots.
  const results = await Promise.all(
    spans.map((span) => (predictor.apart === true ? predictPiece(span) : task.engine.hold(() => predictPiece(span)))),
  );
  const pieces = results.map(({ output }, i): Piece => {
    const { start, end } = spans[i] as Span;
    return { output, offset: start, weight: end - start };
  });
  const explanation = results.flatMap((result, i): readonly ExplanationPart[] => {
    const prefix = spans.length === 1 ? '' : `piece ${i + 1} of ${spans.length}: `;
    return result.explanation.map((part) => ({ ...part, title: prefix + part.title }));
  });
  const { tidy, among } = taskTypes[profile.type];
  const joined = merge(profile.type, pieces);
  const merged = tidy?.(joined, record.text) ?? joined;
  // The choice is made after the pieces are joined: a piece about none of the chosen labels then weighs little.
  const chosen = among?.(merged, profile) ?? { output: merged, explain: () => [] };
  const changed = explain ? chosen.explain() : [];
  return { output: predictor.decide(chosen.output), explanation: [...explanation, ...changed] };
}

function merge(type: TaskType, pieces: readonly Piece[]): Output {
  const { merge: join } = taskTypes[type];
  const [first] = pieces;
  if (join !== null) return join(pieces);
  if (first === undefined || pieces.length > 1) throw new Error(`outputs of type ${type} cannot be joined`);
  return first.output;
}

/**
 * The whole text where it fits, else groups of whole sentences that do. No token is shorter than a byte, so most
 * texts need no counting.
 */
function piecesOf({ predictor, engine }: Task, text: string): Span[] {
  const { maxPieceTokens } = predictor;
  if (maxPieceTokens === null || Buffer.byteLength(text) <= maxPieceTokens) return [{ start: 0, end: text.length }];
  if (maxPieceTokens < 1)
    throw new Error('the prompt leaves no room for the text; use fewer examples or a larger --context-size');
  return windows(text, sentences(text), maxPieceTokens, (piece) => engine.countTokens(piece));
}
