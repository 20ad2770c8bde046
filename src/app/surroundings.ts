import path from 'node:path';
import type { Ledger } from '../engines/types.js';
import type { Progress } from '../evaluate/evaluate.js';
import type { HostPlace } from '../host/place.js';
import { type ModelEnvironment, type ModelEvents, networkLimits } from '../models/types.js';
import type { ProfileContext } from '../profile/index.js';
import type { TrialEvent } from '../tune/trial-event.js';

/** How far a preparation is that may take minutes, such as calibrating a task on its examples. */
export interface Preparation {
  /** `calibrating`. */
  readonly what: string;
  /** Name of a task, or `documents`. */
  readonly task: string;
  /** Null where no model takes part. */
  readonly model: string | null;
  readonly done: number;
  readonly total: number;
  /** Unit of the counts: `examples`. */
  readonly items: string;
}

/** How far the measuring of a task on a model is. */
export interface Measuring extends Progress {
  readonly task: string;
  readonly model: string;
}

/** Events while a task is tuned. */
export type TuningEvent =
  | {
      readonly kind: 'start';
      readonly task: string;
      readonly model: string;
      /** Title of the measure that the search goes by. */
      readonly metric: string;
      readonly examples: number;
      readonly budgetMs: number;
    }
  | TrialEvent
  /** A part of the present trial. */
  | { readonly kind: 'step'; readonly what: string; readonly done: number; readonly total: number };

/**
 * The world as the application sees it: a plain value that a door fills in. Nothing in `app/` reads the clock, the
 * environment or a terminal by itself, prints, or ends the process.
 */
export interface Surroundings {
  /** Version of slm. */
  readonly version: string;
  /** Base of relative paths. */
  readonly cwd: string;
  /** The user's home folder. */
  readonly home: string;
  /** Folder for temporary files. */
  readonly temporary: string;
  /** The user's name, for the folder of the sockets. */
  readonly user: string;
  /** Environment variables: `XDG_*`, `HF_*`, `PYTHON`; child processes get all of them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that holds `tasks/` and `models/` of the program. */
  readonly packageRoot: string;
  /** Never use the network. */
  readonly offline: boolean;
  /** The input that `-` names. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Aborted when the work is to end. */
  readonly signal: AbortSignal;
  /**
   * The command line that starts this program again, for a warm host in the background; null where there is none, as
   * in a program that uses the library.
   */
  readonly program: readonly string[] | null;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** The time of day, milliseconds since 1970. */
  date(): number;
  /** The cost of the services of this run, where it may open several; absent: each is a run of its own. */
  readonly ledger?: Ledger;
  /** A folder of this process, for what the cache folder does not take. Removed in the end. */
  scratch(): string;
  /** Resident memory of this process, bytes. */
  memoryBytes(): number;
  /** The most that it has been, bytes. */
  peakMemoryBytes(): number;
  /** Something the user should know, in one line. */
  notice(text: string): void;
  /** Called as a long preparation goes on, and with null when it has ended. */
  preparing(preparation: Preparation | null): void;
  /** Called for each example that was measured, and with null when the last one of a model was. */
  measuring(measuring: Measuring | null): void;
  /** Called as tuning goes on. */
  tuning(event: TuningEvent): void;
  /** Returns callbacks for one download, or a few. */
  downloads(): Omit<ModelEvents, 'signal'>;
  /** Lines of llama.cpp's own log; null where nobody wants them. */
  readonly engineLog: ((line: string) => void) | null;
  /** Called with the output of a warm host in the background to standard error as it starts. */
  hostOutput(chunk: Uint8Array): void;
}

/** Returns whether an environment variable says yes: set, and neither empty, `0` nor `false`. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value.toLowerCase() !== 'false';
}

/** Settings and what was tuned for built-in tasks. */
export function configDirectory({ env, home }: Surroundings): string {
  return path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'slm');
}

function dataDirectory({ env, home }: Surroundings): string {
  return path.join(env.XDG_DATA_HOME || path.join(home, '.local', 'share'), 'slm');
}

/** The folder of files that can be made again. */
export function cacheDirectory({ env, home }: Surroundings): string {
  return path.join(env.XDG_CACHE_HOME || path.join(home, '.cache'), 'slm');
}

/** Where tasks are looked for: the project, the user, the program. */
export function profileContext(surroundings: Surroundings): ProfileContext {
  return {
    cwd: surroundings.cwd,
    folders: [
      { directory: path.join(surroundings.cwd, 'tasks'), title: './tasks' },
      { directory: path.join(configDirectory(surroundings), 'tasks'), title: 'yours' },
      { directory: path.join(surroundings.packageRoot, 'tasks'), title: 'built in' },
    ],
  };
}

/** Where models are and what is allowed. */
export function modelEnvironment(surroundings: Surroundings): ModelEnvironment {
  const { env } = surroundings;
  return {
    dataDir: dataDirectory(surroundings),
    configDir: configDirectory(surroundings),
    builtinDir: path.join(surroundings.packageRoot, 'models'),
    cwd: surroundings.cwd,
    hfEndpoint: (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/u, ''),
    hfToken: env.HF_TOKEN?.trim() || null,
    offline: surroundings.offline,
    python: env.PYTHON || null,
    childEnv: env,
    network: networkLimits,
  };
}

export function modelEvents(surroundings: Surroundings): ModelEvents {
  return { ...surroundings.downloads(), signal: surroundings.signal };
}

/** Where sockets of warm hosts may be. */
export function hostPlace({ env, temporary, user }: Surroundings): HostPlace {
  return { runtimeDir: env.XDG_RUNTIME_DIR || null, tempDir: temporary, user };
}
