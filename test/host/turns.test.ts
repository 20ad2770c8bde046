import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createTurns } from '../../src/host/turns.js';

describe('guests', () => {
  it('take turns, however much one of them has', async () => {
    const join = createTurns(1);
    const order: string[] = [];
    const [a, b] = [join(), join()];
    const work = (name: string) => async () => {
      await turn();
      order.push(name);
    };
    const all = [1, 2, 3, 4].map((i) => a.take(work(`a${i}`)));
    all.push(b.take(work('b1')), b.take(work('b2')));
    await Promise.all(all);
    assert.deepEqual(order, ['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('share the slots, and never have more', async () => {
    const join = createTurns(2);
    const guests = [join(), join(), join()];
    let running = 0;
    let most = 0;
    const work = async () => {
      running++;
      most = Math.max(most, running);
      await turn();
      running--;
    };
    await Promise.all(guests.flatMap((guest) => [guest.take(work), guest.take(work), guest.take(work)]));
    assert.equal(most, 2);
    assert.equal(running, 0);
  });

  it('do not lose a slot to work that fails', async () => {
    const guest = createTurns(1)();
    await assert.rejects(guest.take(() => Promise.reject(new Error('no'))));
    assert.equal(await guest.take(async () => 7), 7);
  });
});
