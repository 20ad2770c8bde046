/**
 * Maps items concurrently and yields the results in the order of the items, each as soon as it and all before it
 * are done. Reads ahead no further than `limit` items, so memory stays flat however long the input is, and a
 * result never waits for an input that has not come yet.
 * @param signal ends it at once, without waiting for what is under way
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
  signal?: AbortSignal,
): AsyncGenerator<R> {
  const aborted = new Promise<{ aborted: true }>((resolve) => {
    if (signal?.aborted === true) resolve({ aborted: true });
    signal?.addEventListener('abort', () => resolve({ aborted: true }), { once: true });
  });
  const iterator = items[Symbol.asyncIterator]();
  const pending: Promise<R>[] = [];
  let reading: Promise<{ read: IteratorResult<T> } | { error: unknown }> | null = null;
  let ended = false;
  let failure: { error: unknown } | null = null;
  try {
    for (;;) {
      if (!ended && reading === null && pending.length < limit)
        reading = iterator.next().then(
          (read) => ({ read }),
          (error: unknown) => ({ error }),
        );
      const [first] = pending;
      if (first === undefined && reading === null) {
        if (failure !== null) throw failure.error;
        return;
      }
      const event = await Promise.race([
        aborted,
        ...(first === undefined ? [] : [first.then((result) => ({ result }))]),
        ...(reading === null ? [] : [reading]),
      ]);
      if ('aborted' in event) return;
      if ('result' in event) {
        pending.shift();
        yield event.result;
      } else if ('error' in event) {
        reading = null;
        ended = true;
        failure = event;
      } else {
        reading = null;
        if (event.read.done === true) ended = true;
        else {
          const result = work(event.read.value);
          // Reported when its turn comes.
          result.catch(() => undefined);
          pending.push(result);
        }
      }
    }
  } finally {
    // A pending read of a stream that never ends must not hold us up: it is left to end with the process.
    if (reading === null) await iterator.return?.();
  }
}
