import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { mapInOrder } from '../src/ordered.js';

async function* from<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** An input that comes when the test says so. */
function channel<T>() {
  const waiting: ((result: IteratorResult<T>) => void)[] = [];
  const sent: IteratorResult<T>[] = [];
  const put = (result: IteratorResult<T>) => {
    const reader = waiting.shift();
    if (reader === undefined) sent.push(result);
    else reader(result);
  };
  const items: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const result = sent.shift();
        return result === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(result);
      },
    }),
  };
  return { items, send: (value: T) => put({ value }), end: () => put({ value: undefined, done: true }) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('the results', () => {
  it('come in the order of the items, whatever the delays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (delays, limit) => {
          const results = await all(
            mapInOrder(from(delays.entries()), limit, async ([index, delay]) => {
              for (let i = 0; i < delay; i++) await turn();
              return index;
            }),
          );
          assert.deepEqual(results, [...delays.keys()]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of nothing are none', async () => {
    assert.deepEqual(await all(mapInOrder(from([]), 2, async (x) => x)), []);
  });

  it('come before the next item does', async () => {
    const { items, send, end } = channel<number>();
    const results = mapInOrder(items, 8, async (x) => x * 10);
    send(1);
    assert.deepEqual(await results.next(), { value: 10, done: false });
    send(2);
    assert.deepEqual(await results.next(), { value: 20, done: false });
    end();
    assert.deepEqual(await results.next(), { value: undefined, done: true });
  });
});

describe('the work', () => {
  it('runs beside other work up to the limit, and reads no further', async () => {
    let read = 0;
    let running = 0;
    let most = 0;
    async function* counted() {
      for (; read < 20; ) yield read++;
    }
    const results = mapInOrder(counted(), 3, async (x) => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      return x;
    });
    for (let taken = 1; ; taken++) {
      const result = await results.next();
      if (result.done) break;
      await sleep(1);
      assert.ok(read - taken <= 3, `read ${read} items for ${taken} results`);
    }
    assert.equal(read, 20);
    assert.equal(most, 3);
  });

  it('that fails does so in its turn, and ends it', async () => {
    const results = mapInOrder(from([0, 1, 2]), 3, async (x) => {
      if (x === 1) throw new Error('one');
      await turn();
      return x;
    });
    assert.equal((await results.next()).value, 0);
    await assert.rejects(results.next(), /one/u);
    assert.equal((await results.next()).done, true);
  });
});

describe('an error of the input', () => {
  it('comes after the results of the items before it', async () => {
    async function* broken() {
      yield 1;
      yield 2;
      throw new Error('disk gone');
    }
    const results = mapInOrder(broken(), 4, async (x) => {
      await sleep(5);
      return x;
    });
    assert.equal((await results.next()).value, 1);
    assert.equal((await results.next()).value, 2);
    await assert.rejects(results.next(), /disk gone/u);
  });
});

describe('the end', () => {
  it('comes at once when the signal says so, however long the work takes', { timeout: 2000 }, async () => {
    const controller = new AbortController();
    const { items, send } = channel<number>();
    const results = mapInOrder(items, 2, () => new Promise<number>(() => undefined), controller.signal);
    send(1);
    const next = results.next();
    await turn();
    controller.abort();
    assert.equal((await next).done, true);
  });

  it('comes at once when the signal had been given before', { timeout: 2000 }, async () => {
    const results = mapInOrder(from([1, 2, 3]), 2, async (x) => x, AbortSignal.abort());
    assert.deepEqual(await all(results), []);
  });

  it('closes the input when the consumer stops', async () => {
    let closed = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    }
    for await (const result of mapInOrder(source(), 1, async (x) => x)) {
      if (result === 2) break;
    }
    assert.ok(closed);
  });

  it('does not wait for an item that never comes', { timeout: 2000 }, async () => {
    const { items, send } = channel<number>();
    send(1);
    for await (const result of mapInOrder(items, 4, async (x) => x)) {
      assert.equal(result, 1);
      break;
    }
  });
});

describe('a source that is read when nobody wants more', () => {
  it('is let go once the read has ended, and what it gave is not worked on', async () => {
    let give: () => void = () => undefined;
    const asked: number[] = [];
    let letGo = false;
    async function* source() {
      try {
        yield 1;
        await new Promise<void>((resolve) => {
          give = resolve;
        });
        yield 2;
        yield 3;
      } finally {
        letGo = true;
      }
    }
    const results = mapInOrder(source(), 2, async (item) => {
      asked.push(item);
      await sleep(10);
      return item;
    });
    for await (const _ of results) break;
    assert.equal(letGo, false);
    give();
    await sleep(10);
    assert.equal(letGo, true);
    assert.deepEqual(asked, [1]);
  });
});

describe('memory', () => {
  it('does not grow with the number of items', async () => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const items = 60_000;
    let seen = 0;
    let early = 0;
    for await (const _ of mapInOrder(
      from(Array(items).keys()),
      4,
      async (x) => ({ x }),
      new AbortController().signal,
    )) {
      seen++;
      if (seen === 10_000) early = heap();
    }
    assert.equal(seen, items);
    // Racing with the abort signal once took 1.2 kB an item: 60 MB here.
    assert.ok(heap() - early < 5_000_000, `${heap() - early} bytes more`);
  });
});
