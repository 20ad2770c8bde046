import { createHash } from 'node:crypto';
import { messageOf, SlmError } from './errors.js';
import { methodOf } from './methods/index.js';
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
  /** What questions are answered from. */
  readonly documents: readonly Document[];
  /** Digest of the constants that it was made ready with. */
  readonly constants: string;
  /** The same task on the model with its whole vocabulary; null where this one has all tokens. */
  readonly aside: Aside | null;
}

/** What does the records that a model with a cut vocabulary would read as other tokens. */
export interface Aside {
  /** Whether the cut vocabulary suffices: then the tokens are the same. */
  covers(record: InputRecord): boolean;
  open(): Promise<Task>;
  /** What was opened; null until a record has asked for it. */
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
  const sorted = [...constants].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    profile: context.profile,
    engine,
    predictor,
    documents: context.documents,
    aside: null,
    constants: createHash('sha256').update(JSON.stringify(sorted)).digest('hex'),
  };
}

/** What a task has cost so far, on whichever of its engines. */
export function usageOf({ engine, aside }: Pick<Task, 'engine' | 'aside'>): EngineUsage {
  const own = engine.usage();
  const other = aside?.opened()?.engine.usage();
  if (other === undefined) return own;
  return {
    evaluatedTokens: own.evaluatedTokens + other.evaluatedTokens,
    prefixTokens: own.prefixTokens + other.prefixTokens,
    generatedTokens: own.generatedTokens + other.generatedTokens,
    reusedTokens: own.reusedTokens + other.reusedTokens,
  };
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
  records: AsyncIterable<InputRecord | BadRow>,
  options: PredictOptions,
): AsyncIterable<Prediction> {
  const atOnce = task.engine.slots * (task.predictor.apart === true ? recordsPerSlot.apart : recordsPerSlot.usual);
  return mapInOrder(records, atOnce, (record) => predictOne(task, record, options), options.signal);
}

async function predictOne(task: Task, record: InputRecord | BadRow, options: PredictOptions): Promise<Prediction> {
  const start = options.now();
  if (isBadRow(record)) return predictionOfBadRow(record);
  try {
    const known = options.explain ? null : ((await options.known?.get(record)) ?? null);
    if (known !== null) return { record, output: known, ms: options.now() - start };
    const able = task.aside === null || task.aside.covers(record) ? task : await task.aside.open();
    const { output, explanation } = await outputFor(able, record, options.explain);
    if (!options.explain) await options.known?.set(record, output);
    return { record, output, ms: options.now() - start, ...(options.explain ? { explanation } : {}) };
  } catch (error) {
    if ((error instanceof SlmError && error.kind === 'model') || isAbort(error)) throw error;
    const hint = error instanceof SlmError && error.hint !== undefined ? ` ${error.hint}` : '';
    return { record, error: `${messageOf(error)}.${hint}`, ms: options.now() - start };
  }
}

/** The work was ended from outside; that is no fault of the record. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

async function outputFor(task: Task, record: InputRecord, explain: boolean) {
  const { profile, predictor } = task;
  if (record.text.trim() === '') return { output: taskTypes[profile.type].empty(profile), explanation: [] };
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
  // After the pieces are joined: one that is about none of the chosen labels weighs little then.
  const chosen = among?.(merged, profile) ?? { output: merged, explanation: [] };
  return { output: predictor.decide(chosen.output), explanation: [...explanation, ...chosen.explanation] };
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
