import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { account } from '../app/account.js';
import { scratchFolder } from '../app/scratch.js';
import { isOn, type Surroundings } from '../app/surroundings.js';
import { once } from '../lazy.js';
import { flag, type Shape, text, valueWith } from './option-kinds.js';

/** Events while a program waits. */
export type SlmEvent =
  /** Something a person should know, such as the licence of a model that is about to be downloaded. */
  | { readonly kind: 'notice'; readonly text: string }
  | {
      readonly kind: 'download';
      readonly model: string;
      readonly receivedBytes: number;
      /** Null where the server does not say. */
      readonly totalBytes: number | null;
    }
  /** A preparation that is done once, such as calibrating a task for a model, or indexing documents. */
  | {
      readonly kind: 'preparing';
      readonly what: string;
      /** Or `documents`. */
      readonly task: string;
      /** Null where no model takes part. */
      readonly model: string | null;
      readonly done: number;
      readonly total: number;
      /** Unit of the counts: `examples`, or `texts without content` for a task that has too few. */
      readonly items: string;
    }
  /** An example was measured by `evaluate`. */
  | {
      readonly kind: 'measuring';
      readonly task: string;
      readonly model: string;
      readonly done: number;
      readonly total: number;
      /** Among the finished ones: the number that is all right, and the number without a result. */
      readonly correct: number;
      readonly failed: number;
    }
  /** The present step of `tune`: a trial, or a stage after them. `part` says how far it is, where that is known. */
  | {
      readonly kind: 'tuning';
      readonly title: string;
      readonly part: { readonly what: string; readonly done: number; readonly total: number } | null;
    }
  /** `tune` has measured a way to do the task, on `n` examples that were held out. */
  | {
      readonly kind: 'trial';
      readonly title: string;
      readonly n: number;
      readonly score: number;
      /** Interval of 95 %; null where there is none. */
      readonly interval: { readonly low: number; readonly high: number } | null;
    };

/** Where the library works. What is left out is as on the command line. */
export interface PlaceOptions {
  /** Base of relative paths, and where `tasks/` and `slm.yaml` are looked for. Default: the working folder. */
  cwd?: string;
  /** Environment variables in place of the process's own: `XDG_*`, `HF_*`, `PYTHON`, `SLM_OFFLINE`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Never use the network. Default: as `SLM_OFFLINE` or `HF_HUB_OFFLINE` says. */
  offline?: boolean;
  /** Ends what is under way. */
  signal?: AbortSignal;
  /** Called with every event. Nothing is printed. */
  onEvent?: (event: SlmEvent) => void;
}

/** Schemas of these options. */
export const placeShape = {
  cwd: text.optional(),
  env: valueWith<Readonly<Record<string, string | undefined>>>('an object of environment variables', (value) =>
    Object.values(value).every((each) => each === undefined || typeof each === 'string'),
  ).optional(),
  offline: flag.optional(),
  signal: valueWith<AbortSignal>(
    'an AbortSignal',
    (value) => 'aborted' in value && 'addEventListener' in value,
  ).optional(),
  onEvent: valueWith<NonNullable<PlaceOptions['onEvent']>>(
    'a function',
    (value) => typeof value === 'function',
  ).optional(),
} satisfies Shape<PlaceOptions>;

export const placeSchema = z.strictObject(placeShape);

const packageRoot = path.resolve(import.meta.dirname, '..', '..');
const version = once(
  () => (JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version,
);

/**
 * The process around us, as the application sees it.
 * @throws the reason of a signal that is aborted already: nothing is begun then
 */
export function surroundingsOf(options: PlaceOptions): Surroundings {
  options.signal?.throwIfAborted();
  const env = options.env ?? process.env;
  const tell = options.onEvent ?? (() => undefined);
  return {
    version: version(),
    cwd: path.resolve(options.cwd ?? process.cwd()),
    ...account(),
    temporary: tmpdir(),
    env,
    packageRoot,
    offline: options.offline ?? (isOn(env.SLM_OFFLINE) || isOn(env.HF_HUB_OFFLINE)),
    stdin: process.stdin,
    signal: options.signal ?? new AbortController().signal,
    program: null,
    scratch: scratchFolder(tmpdir(), (remove) => process.on('exit', remove)),
    now: () => performance.now(),
    date: () => Date.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    // In kilobytes, by definition of getrusage as Node passes it on.
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
    notice: (text) => tell({ kind: 'notice', text }),
    preparing: (preparation) => {
      if (preparation !== null) tell({ kind: 'preparing', ...preparation });
    },
    measuring: (measuring) => {
      if (measuring !== null) tell({ kind: 'measuring', ...measuring });
    },
    tuning: tuningEvents(tell),
    downloads: () => ({
      onNotice: (text) => tell({ kind: 'notice', text }),
      onProgress: ({ name, receivedBytes, totalBytes }) =>
        tell({ kind: 'download', model: name, receivedBytes, totalBytes }),
    }),
    engineLog: null,
    hostOutput: () => undefined,
  };
}

function tuningEvents(tell: (event: SlmEvent) => void): Surroundings['tuning'] {
  let title = '';
  return (event) => {
    switch (event.kind) {
      case 'begin':
      case 'stage':
        title = event.title;
        return tell({ kind: 'tuning', title, part: null });
      case 'step':
        return tell({
          kind: 'tuning',
          title,
          part: { what: event.what, done: event.done, total: event.total },
        });
      case 'skip':
        return tell({ kind: 'notice', text: `not tried (${event.reason}): ${event.title}` });
      case 'end': {
        const { title, n, score, interval } = event.trial;
        return tell({
          kind: 'trial',
          title,
          n,
          score,
          interval: interval === null ? null : { low: interval.low, high: interval.high },
        });
      }
    }
  };
}
