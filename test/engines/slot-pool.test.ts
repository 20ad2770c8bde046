import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Slot } from '../../src/engines/llama/slot.js';
import { SlotPool } from '../../src/engines/llama/slot-pool.js';
import type { Prompt } from '../../src/types.js';

interface FakeSlot {
  readonly name: number;
  /** First token of the prefix that it holds. */
  held: number | null;
  disposed: boolean;
}

const prompt = (first: number): Prompt => ({ prefix: [[first]], input: [1] });

/** A pool of slots that only know the first token they evaluated last. */
function poolOf(size: number, failures = 0) {
  const made: FakeSlot[] = [];
  let left = failures;
  const pool = new SlotPool(size, async () => {
    await turn();
    if (left-- > 0) throw new Error('no memory for a context');
    const slot = {
      name: made.length,
      held: null as number | null,
      disposed: false,
      reusable: (wanted: Prompt) => (wanted.prefix[0]?.[0] === slot.held ? 1 : 0),
      dispose: async () => {
        slot.disposed = true;
      },
    };
    made.push(slot);
    return slot as unknown as Slot;
  });
  const nameOf = (slot: Slot) => (slot as unknown as FakeSlot).name;
  const hold = (slot: Slot, first: number) => {
    (slot as unknown as FakeSlot).held = first;
  };
  return { pool, made, nameOf, hold };
}

/** A promise to be kept later. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Fails instead of hanging. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('still waiting')), 2000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

describe('use', () => {
  it('makes no second slot while the first is free', async () => {
    const { pool, made, nameOf } = poolOf(4);
    for (let i = 0; i < 3; i++) assert.equal(await pool.use(prompt(i), async (slot) => nameOf(slot)), 0);
    assert.equal(made.length, 1);
  });

  it('makes slots up to the size when all are busy, and then waits', async () => {
    const { pool, made, nameOf } = poolOf(2);
    const gates = [gate(), gate(), gate()];
    const started: number[] = [];
    const done = gates.map(({ opened }, i) =>
      pool.use(prompt(i), async (slot) => {
        started.push(i);
        await opened;
        return nameOf(slot);
      }),
    );
    for (let i = 0; i < 5; i++) await turn();
    assert.deepEqual([started, made.length], [[0, 1], 2]);
    gates[1]?.open();
    assert.equal(await soon(done[1] as Promise<number>), 1);
    await turn();
    assert.deepEqual(started, [0, 1, 2]);
    gates[0]?.open();
    gates[2]?.open();
    assert.deepEqual(await soon(Promise.all(done)), [0, 1, 1]);
    assert.equal(made.length, 2);
  });

  it('goes on with who waits for what the slot holds, and else in order', async () => {
    const { pool, hold } = poolOf(1);
    const opened = gate();
    const order: number[] = [];
    const call = (first: number) =>
      pool.use(prompt(first), async (slot) => {
        order.push(first);
        hold(slot, first);
        if (order.length === 1) await opened.opened;
      });
    const calls = [1, 2, 3, 1, 3, 2].map(call);
    for (let i = 0; i < 5; i++) await turn();
    opened.open();
    await soon(Promise.all(calls));
    assert.deepEqual(order, [1, 1, 2, 2, 3, 3]);
  });

  it('takes the free slot that holds the most of the prompt', async () => {
    const { pool, made, nameOf, hold } = poolOf(2);
    const both = gate();
    const first = pool.use(prompt(7), async (slot) => {
      hold(slot, 7);
      await both.opened;
    });
    const second = pool.use(prompt(8), async (slot) => {
      hold(slot, 8);
      both.open();
    });
    await soon(Promise.all([first, second]));
    assert.deepEqual(
      made.map((slot) => slot.held),
      [7, 8],
    );
    assert.equal(await pool.use(prompt(8), async (slot) => nameOf(slot)), 1);
    assert.equal(await pool.use(prompt(7), async (slot) => nameOf(slot)), 0);
  });

  it('gives the slot back after an error', async () => {
    const { pool, nameOf } = poolOf(1);
    await assert.rejects(
      pool.use(prompt(1), async () => {
        throw new Error('broken');
      }),
      /broken/u,
    );
    assert.equal(await soon(pool.use(prompt(1), async (slot) => nameOf(slot))), 0);
  });

  it('serves those who wait in their order', async () => {
    const { pool } = poolOf(1);
    const order: number[] = [];
    await soon(
      Promise.all(
        [0, 1, 2, 3].map((i) =>
          pool.use(prompt(i), async () => {
            await turn();
            order.push(i);
          }),
        ),
      ),
    );
    assert.deepEqual(order, [0, 1, 2, 3]);
  });

  it('passes on the error of a slot that cannot be made, and tries again next time', async () => {
    const { pool, nameOf } = poolOf(1, 1);
    await assert.rejects(
      pool.use(prompt(1), async () => undefined),
      /no memory/u,
    );
    assert.equal(await soon(pool.use(prompt(1), async (slot) => nameOf(slot))), 0);
  });

  it('leaves nobody waiting for a slot that cannot be made', async () => {
    const { pool, nameOf } = poolOf(1, 1);
    const first = pool.use(prompt(1), async (slot) => nameOf(slot));
    const second = pool.use(prompt(2), async (slot) => nameOf(slot));
    await assert.rejects(soon(first), /no memory/u);
    const outcome = await Promise.allSettled([soon(second)]);
    assert.notDeepEqual(outcome[0], { status: 'rejected', reason: new Error('still waiting') });
  });
});

describe('hold', () => {
  it('gives the same slot to all calls within it, one after the other', async () => {
    const { pool, nameOf } = poolOf(3);
    const events: string[] = [];
    const call = (name: string) =>
      pool.use(prompt(1), async (slot) => {
        events.push(`${name} begins`);
        await turn();
        events.push(`${name} ends`);
        return nameOf(slot);
      });
    const slots = await pool.hold(() => Promise.all([call('a'), call('b'), pool.hold(() => call('c'))]));
    assert.equal(new Set(slots).size, 1);
    assert.deepEqual(events, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('keeps its slot from others until it ends', async () => {
    const { pool, nameOf } = poolOf(2);
    const { opened, open } = gate();
    const held = pool.hold(async () => {
      const slot = await pool.use(prompt(1), async (own) => nameOf(own));
      await opened;
      return slot;
    });
    await turn();
    await turn();
    const other = await pool.use(prompt(1), async (slot) => nameOf(slot));
    open();
    assert.notEqual(await soon(held), other);
  });

  it('goes on after an error of one call, and gives the slot back after its own', async () => {
    const { pool, nameOf } = poolOf(1);
    await assert.rejects(
      pool.hold(async () => {
        await assert.rejects(
          pool.use(prompt(1), async () => {
            throw new Error('one');
          }),
          /one/u,
        );
        assert.equal(await soon(pool.use(prompt(1), async (slot) => nameOf(slot))), 0);
        throw new Error('two');
      }),
      /two/u,
    );
    assert.equal(await soon(pool.use(prompt(1), async (slot) => nameOf(slot))), 0);
  });
});

describe('dispose', () => {
  it('frees every slot, and no call gets one any more', async () => {
    const { pool, made } = poolOf(2);
    await Promise.all([pool.use(prompt(1), turn), pool.use(prompt(2), turn)]);
    await pool.dispose();
    assert.deepEqual(
      made.map((slot) => slot.disposed),
      [true, true],
    );
    await assert.rejects(
      pool.use(prompt(1), async () => undefined),
      /closed/u,
    );
  });
});

describe('beside', () => {
  it('takes a slot of its own while one is kept, and gives it back', async () => {
    const { pool, nameOf } = poolOf(2);
    const call = () => pool.use(prompt(1), async (slot) => nameOf(slot));
    const [kept, other] = await pool.hold(async () => {
      const begun = pool.beside(() => Promise.all([call(), call()]));
      return [await call(), await begun];
    });
    assert.equal(kept, 0);
    assert.deepEqual(other, [1, 1]);
    assert.notEqual(
      pool.beside(async () => 1),
      null,
      'both are free again',
    );
  });

  it('is null where all slots are taken, so that nothing waits for a slot while it keeps one', async () => {
    const { pool } = poolOf(1);
    assert.equal(await pool.hold(async () => pool.beside(async () => 1)), null);
  });

  it('goes on with the kept slot where there is no memory for another', async () => {
    const slots = [async () => ({ reusable: () => 0 }), async () => Promise.reject(new Error('no memory'))];
    const pool = new SlotPool(2, async () => (await slots.shift()?.()) as unknown as Slot);
    const call = () => pool.use(prompt(1), async (slot) => slot);
    const [kept, other] = await pool.hold(async () => [await call(), await pool.beside(call)]);
    assert.equal(other, kept);
  });
});
