/// <reference lib="esnext.disposable" preserve="true" />
import { z } from 'zod';
import { openHere } from '../app/run/task-source.js';
import { failure, SlmError } from '../errors.js';
import { plain } from '../formats/index.js';
import { jsonl } from '../formats/jsonl.js';
import type { FormatOptions } from '../formats/types.js';
import type { OffsetUnit } from '../spans.js';
import type { Prediction } from '../types.js';
import { checkOptions, checkText } from './check-options.js';
import { checkInputs, type Input, recordsOf } from './inputs.js';
import { oneOf, type Shape } from './option-kinds.js';
import { type TaskOptions, taskFlags, taskShape } from './options.js';
import type { ResultOf } from './results.js';
import { placeShape, surroundingsOf } from './surroundings.js';

/** How a task is opened. What is left out is as on the command line. */
export interface OpenOptions extends TaskOptions {
  /** How offsets are counted. Default: `codepoint`, as on the command line; strings of JavaScript count in `utf16`. */
  offsets?: OffsetUnit;
}

export const openSchema = z.strictObject({
  ...taskShape,
  offsets: oneOf(['codepoint', 'utf16', 'byte']).optional(),
} satisfies Shape<OpenOptions>);

/** How a stream is read. */
export interface StreamOptions {
  /** Ends the stream; the task stays usable. */
  signal?: AbortSignal;
}

export const streamSchema = z.strictObject({ signal: placeShape.signal } satisfies Shape<StreamOptions>);

/** The element of a stream for an input that could not be processed. */
export interface Failed {
  /** The problem with the input. */
  error: string;
}

/** A task that is ready. Call it as often as you like, also before earlier calls have ended. */
export interface OpenTask<R> {
  /**
   * The result for one input.
   * @throws SlmError when this input cannot be processed
   */
  (input: Input): Promise<R>;
  /** Name of the task. */
  readonly task: string;
  /** Name of the model. */
  readonly model: string;
  /** Names of the labels, in order; none where the task has none. */
  readonly labels: readonly string[];
  /** Results in the order of the inputs, as they come. An input that cannot be processed gives `{ error }`. */
  stream(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options?: StreamOptions,
  ): AsyncGenerator<R | Failed, void, undefined>;
  /** Frees the model. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a task, tuned and calibrated for the model as on the command line, with the same numbers to the last bit. The
 * model is fetched where it is missing and loaded; close the task to free it.
 * @param task a name, or a path to a task.yaml or its folder
 * @throws SlmError when the task is invalid (code `SLM_USAGE`) or the model cannot be used (`SLM_MODEL`)
 */
export async function open<Name extends string>(task: Name, options?: OpenOptions): Promise<OpenTask<ResultOf<Name>>>;
/** The same for a task whose results the caller knows: `open<Classification>('./tickets')`. */
export async function open<R>(task: string, options?: OpenOptions): Promise<OpenTask<R>>;
export async function open(task: string, asked: OpenOptions = {}): Promise<OpenTask<unknown>> {
  checkText('open', 'task', task);
  const options = checkOptions('open', openSchema, asked);
  const surroundings = surroundingsOf(options);
  const source = await openHere(surroundings, task, taskFlags(options), 'many', null);
  const { summary } = source;
  const format: FormatOptions = {
    taskType: summary.type,
    labels: summary.labels,
    multiLabel: summary.multiLabel,
    properties: [],
    input: summary.input,
    offsets: options.offsets ?? 'codepoint',
    passThrough: false,
    fieldNames: [],
    width: 80,
    paint: plain,
  };
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= source.close();
    return closed;
  };
  const closedError = () => failure(`the task "${summary.name}" is closed`, 'Open it again.');
  async function* predictions(inputs: Iterable<Input> | AsyncIterable<Input>, signal: AbortSignal | undefined) {
    if (closed !== null) throw closedError();
    const records = recordsOf(inputs, summary.input);
    try {
      for await (const prediction of source.predict(records, {
        explain: false,
        ...(signal === undefined ? {} : { signal }),
      })) {
        // The model was freed under it.
        if (closed !== null && prediction.error !== undefined) throw closedError();
        source.checkModel();
        yield prediction;
      }
    } catch (error) {
      throw closed !== null && (error as Error).name !== 'AbortError' ? closedError() : error;
    }
    surroundings.signal.throwIfAborted();
    signal?.throwIfAborted();
  }
  const one = async (input: Input): Promise<unknown> => {
    for await (const prediction of predictions([input], undefined)) {
      if (prediction.error !== undefined) throw failure(prediction.error);
      return resultOf(prediction, format);
    }
    throw new SlmError('interrupted', 'interrupted');
  };
  async function* results(inputs: Iterable<Input> | AsyncIterable<Input>, signal: AbortSignal | undefined) {
    for await (const prediction of predictions(inputs, signal)) {
      yield prediction.error !== undefined ? { error: prediction.error } : resultOf(prediction, format);
    }
  }
  return Object.assign(one, {
    model: summary.model,
    labels: summary.labels,
    stream(inputs: Iterable<Input> | AsyncIterable<Input>, asked: StreamOptions = {}) {
      // Said by the call itself, not by the first step through what it gives.
      checkInputs(inputs);
      return results(inputs, checkOptions('stream', streamSchema, asked).signal);
    },
    close,
    [Symbol.asyncDispose]: close,
    task: summary.name,
  });
}

/** The output as `--json` writes it, without what the caller has given. */
function resultOf(prediction: Prediction, format: FormatOptions): unknown {
  const { id, text, question, ...result } = JSON.parse(jsonl.prediction(prediction, format)) as Record<string, unknown>;
  return result;
}
