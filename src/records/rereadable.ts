/** Items that come one after the other, and of which some come once more. */
export interface Rereadable<T> {
  /** All items; null at the end, and once more if any were put back then. */
  readonly all: AsyncIterable<T | null>;
  /** Puts items back: they come next, in their order. */
  again(items: readonly T[]): void;
}

/** Items of a stream that can be put back. Only those are kept in memory. */
export function rereadable<T>(items: AsyncIterable<T>): Rereadable<T> {
  /** The next one is last. */
  const waiting: T[] = [];
  function* putBack(): Iterable<T> {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) yield item;
  }
  async function* all(): AsyncIterable<T | null> {
    for await (const item of items) {
      yield item;
      yield* putBack();
    }
    for (let isOver = false; !isOver; ) {
      yield null;
      isOver = waiting.length === 0;
      yield* putBack();
    }
  }
  return {
    all: all(),
    again(back) {
      for (const item of back.toReversed()) waiting.push(item);
    },
  };
}
