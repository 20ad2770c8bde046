import { Worker } from 'node:worker_threads';
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
  readonly onWarning: (message: string) => void;
}

/** What the thread says. */
export type UpdateMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'done' }
  /** The store has to be made anew. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Brings a store up to date in a thread of its own: a large file keeps it busy for half a minute, in which this one goes
 * on, and can end it.
 * @returns why the store has to be made anew; null where it is as the files are
 */
export async function updateInThread(
  task: UpdateTask,
  { signal, onProgress, onWarning }: UpdateProgress,
): Promise<string | null> {
  signal.throwIfAborted();
  const worker = startWorker(task);
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  const ended = { kind: 'failed', reason: 'the thread that makes it has ended' } as const;
  let ending = ended as Exclude<UpdateMessage, { kind: 'progress' | 'warning' }>;
  worker.on('message', (message: UpdateMessage) => {
    if (message.kind === 'progress') onProgress(message.done, message.total);
    else if (message.kind === 'warning') onWarning(message.text);
    else ending = message;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  if (ending.kind === 'failed') throw new Error(ending.reason);
  return ending.kind === 'unusable' ? ending.reason : null;
}

function startWorker(task: UpdateTask): Worker {
  const { url } = import.meta;
  if (!url.endsWith('.ts')) return new Worker(new URL('./update-worker.js', url), { workerData: task });
  // What runs the source, tsx, does not reach into threads by itself.
  const [api, source] = [import.meta.resolve('tsx/esm/api'), new URL('./update-worker.ts', url).href];
  const run = `import(${JSON.stringify(api)}).then(({ tsImport }) => tsImport(${JSON.stringify(source)}, ${JSON.stringify(source)}))`;
  return new Worker(run, { eval: true, workerData: task });
}
