import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { modelError } from '../errors.js';
import { makeFolder } from '../folders.js';

const staleMs = 15_000;
const pollMs = 250;

/**
 * Runs `work` while holding the lock `<path>.lock`; waits as long as another live process has it (`onWait` is
 * called once). A lock whose owner died is taken over after 15 s. `work` gets a signal that also fires when the
 * lock is lost, which happens when the machine slept.
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  onWait: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { default: lockfile } = await import('proper-lockfile');
  makeFolder(dirname(path));
  const lost = new AbortController();
  const inner = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal]);
  const onCompromised = (error: Error) =>
    lost.abort(modelError(`The lock on ${path} was lost: another process took over.`, 'Try again.', error));

  let release: (() => Promise<void>) | null = null;
  for (let waited = false; release === null; ) {
    signal?.throwIfAborted();
    try {
      release = await lockfile.lock(path, { realpath: false, stale: staleMs, onCompromised });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (!waited) onWait();
      waited = true;
      await wait(pollMs, undefined, signal === undefined ? {} : { signal });
    }
  }
  try {
    return await work(inner);
  } finally {
    // A lock that was lost cannot be released.
    await release().catch(() => undefined);
  }
}
