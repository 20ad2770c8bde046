import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { once, onceEach } from '../src/lazy.js';

describe('what is made once', () => {
  it('is made at the first call, also where it is undefined', () => {
    let made = 0;
    const get = once(() => void made++);
    assert.equal(made, 0);
    get();
    get();
    assert.equal(made, 1);
  });

  it('is made for each object, by identity', () => {
    const seen: object[] = [];
    const countOf = onceEach((item: { n: number }) => seen.push(item));
    const [a, b] = [{ n: 1 }, { n: 1 }];
    assert.deepEqual([countOf(a), countOf(b), countOf(a), countOf(b)], [1, 2, 1, 2]);
    assert.deepEqual(seen, [a, b]);
  });
});
