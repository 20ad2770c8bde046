import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { onAbort } from '../src/abort-listeners.js';
import { mapInOrder } from '../src/ordered.js';

describe('any number of waiters on one signal', () => {
  it('are one listener of it, and all are called', () => {
    const stop = new AbortController();
    let called = 0;
    const wait = () => onAbort(stop.signal, count);
    const count = () => called++;
    const ends = Array.from({ length: 50 }, wait);
    assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
    for (const end of ends.slice(0, 20)) end();
    stop.abort();
    assert.equal(called, 30);
  });

  it('print no warning when calls under way share a signal', async () => {
    const stop = new AbortController();
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on('warning', keep);
    const never = () => new Promise<never>(() => undefined);
    const calls = Array.from({ length: 40 }, async () => {
      for await (const _ of mapInOrder(['a'], 1, never, stop.signal)) return;
    });
    await turn();
    stop.abort();
    await Promise.all(calls);
    await turn();
    process.off('warning', keep);
    assert.deepEqual(warnings, []);
  });
});
