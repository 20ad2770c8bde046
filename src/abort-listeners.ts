/** Everybody who waits for a signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when the signal is aborted, by one listener of the signal for all: Node warns of a leak from the
 * eleventh on, and a program may have any number of calls under way on one signal.
 * @returns ends the waiting
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const listeners = waiting.get(signal) ?? listenTo(signal);
  // The same function may wait twice.
  const own = () => listener();
  listeners.add(own);
  return () => listeners.delete(own);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  waiting.set(signal, listeners);
  signal.addEventListener(
    'abort',
    () => {
      for (const listener of [...listeners]) listener();
    },
    { once: true },
  );
  return listeners;
}
