import { homedir } from 'node:os';
import path from 'node:path';
import { type ModelEnvironment, type ModelEvents, networkLimits } from '../models/types.js';
import type { ProfileContext } from '../profile/index.js';
import { createDownloadProgress } from './ui/download-progress.js';

/** The world as a command sees it. Nothing below `cli/` reads the environment, the clock or a terminal. */
export interface CliContext {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Of slm. */
  readonly version: string;
  /** Whether colours are wanted where output is a terminal. */
  readonly color: boolean;
  readonly quiet: boolean;
  readonly offline: boolean;
  /** Stack traces and the engine's own log. */
  readonly debug: boolean;
  /** Folder that holds `tasks/` and `models/` of the program. */
  readonly packageRoot: string;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** One line on stderr, unless --quiet. */
  notice(text: string): void;
  /** Whether the user has asked us to stop: finish the line and go. */
  interrupted(): boolean;
  /** Aborted together with `interrupted`. */
  readonly signal: AbortSignal;
  /** The exit code to end with; the first one that is not 0 stays. */
  exit(code: number): void;
  /** Work to do before the process ends, whatever happens. */
  onClose(action: () => Promise<void>): void;
}

export function configDirectory({ env }: CliContext): string {
  return path.join(env.XDG_CONFIG_HOME || path.join(homedir(), '.config'), 'slm');
}

function dataDirectory({ env }: CliContext): string {
  return path.join(env.XDG_DATA_HOME || path.join(homedir(), '.local', 'share'), 'slm');
}

export function cacheDirectory({ env }: CliContext): string {
  return path.join(env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'slm');
}

/** Where tasks are looked for: the project, the user, the program. */
export function profileContext(context: CliContext): ProfileContext {
  return {
    cwd: context.cwd,
    folders: [
      { directory: path.join(context.cwd, 'tasks'), title: './tasks' },
      { directory: path.join(configDirectory(context), 'tasks'), title: 'yours' },
      { directory: path.join(context.packageRoot, 'tasks'), title: 'built in' },
    ],
  };
}

export function modelEnvironment(context: CliContext): ModelEnvironment {
  const { env } = context;
  return {
    dataDir: dataDirectory(context),
    configDir: configDirectory(context),
    builtinDir: path.join(context.packageRoot, 'models'),
    cwd: context.cwd,
    hfEndpoint: (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/u, ''),
    hfToken: env.HF_TOKEN || null,
    offline: context.offline,
    python: env.PYTHON || null,
    childEnv: env,
    network: networkLimits,
  };
}

/** Downloads report on stderr. */
export function modelEvents(context: CliContext): ModelEvents {
  return { ...createDownloadProgress(context), signal: context.signal };
}
