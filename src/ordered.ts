import { onAbort } from './abort-listeners.js';

/**
 * Maps items concurrently and yields the results in the order of the items, each as soon as it and all before it
 * are done. Reads ahead no further than `limit` items, so memory stays flat however long the input is, and a
 * result never waits for an input that has not come yet.
 *
 * No `Promise.race` with a promise that outlives the round: each race would leave a reaction with it, and with that
 * its result (1.2 kB an item, over a gigabyte for a million).
 * @param signal ends it at once, without waiting for what is under way
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
  signal?: AbortSignal,
): AsyncGenerator<R> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const pending: Pending<R>[] = [];
  let reading = false;
  let ended = false;
  let left = false;
  let failure: { error: unknown } | null = null;
  let wake: () => void = () => undefined;
  const changed = () => wake();

  const read = async () => {
    reading = true;
    try {
      const next = await iterator.next();
      // Nobody wants it any more, and whatever it comes from is let go.
      if (left) await iterator.return?.();
      else if (next.done === true) ended = true;
      else pending.push(track(work(next.value), changed));
    } catch (error) {
      ended = true;
      failure = { error };
    }
    reading = false;
    changed();
  };

  const stopListening = signal === undefined ? null : onAbort(signal, changed);
  try {
    while (signal?.aborted !== true) {
      if (!ended && !reading && pending.length < limit) void read();
      const [first] = pending;
      if (first === undefined && ended) {
        if (failure !== null) throw (failure as { error: unknown }).error;
        return;
      }
      if (first === undefined || first.outcome === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else {
        pending.shift();
        if ('error' in first.outcome) throw first.outcome.error;
        yield first.outcome.result;
      }
    }
  } finally {
    stopListening?.();
    left = true;
    // A pending read of a stream that never ends must not hold us up: it ends by itself, or with the process.
    if (!reading) await iterator.return?.();
  }
}

interface Pending<R> {
  /** Null as long as the work is under way. */
  outcome: { readonly result: R } | { readonly error: unknown } | null;
}

function track<R>(work: Promise<R>, changed: () => void): Pending<R> {
  const pending: Pending<R> = { outcome: null };
  work.then(
    (result) => {
      pending.outcome = { result };
      changed();
    },
    (error: unknown) => {
      pending.outcome = { error };
      changed();
    },
  );
  return pending;
}
