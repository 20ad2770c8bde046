import { fork } from 'node:child_process';
import path from 'node:path';
import type { OnWarning } from '../types.js';
import type { StoreOrigin } from './schema.js';

/** A store to be made, or brought up to date. */
export interface UpdateTask {
  readonly file: string;
  readonly origin: StoreOrigin;
  /** All files that it is about. */
  readonly paths: readonly string[];
  /** Time of day before any of them is read, ms. */
  readonly date: number;
}

export interface UpdateProgress {
  /** Ends the work, whatever it is at. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
  readonly onWarning: OnWarning;
}

/** What the process says. */
export type UpdateMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'warning'; readonly problem: string; readonly file: string }
  | { readonly kind: 'done' }
  /** The store has to be made anew. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Brings a store up to date in a process of its own: a large file keeps it busy for half a minute, in which this one goes
 * on, and can end it. A thread could not be ended: the database's package aborts the whole process if it is ended within
 * a call.
 * @returns why the store has to be made anew; null where it is as the files are
 */
export async function updateInProcess(
  task: UpdateTask,
  { signal, onProgress, onWarning }: UpdateProgress,
): Promise<string | null> {
  signal.throwIfAborted();
  // As source and as built, it has the suffix of this module.
  const worker = new URL(`./update-worker${path.extname(import.meta.url)}`, import.meta.url);
  const child = fork(worker, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const stop = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  const ended = { kind: 'failed', reason: 'the process that makes it has ended' } as const;
  let ending = ended as Exclude<UpdateMessage, { kind: 'progress' | 'warning' }>;
  child.on('message', (message: UpdateMessage) => {
    if (message.kind === 'progress') onProgress(message.done, message.total);
    else if (message.kind === 'warning') onWarning(message.problem, message.file);
    else ending = message;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
      // Where it has ended already, `close` says so.
      child.send(task, () => undefined);
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  if (ending.kind === 'failed') throw new Error(ending.reason);
  return ending.kind === 'unusable' ? ending.reason : null;
}
