import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mostRepresentative } from '../../src/methods/candidates/representative.js';

describe('representative texts', () => {
  const texts = [
    'odd one out',
    'the parcel came late',
    'the parcel came late again',
    'my parcel came late',
    'the soup was cold',
    'cold soup was served',
  ];

  it('come from the largest group first, then from the next one, not twice from the same', () => {
    const [first, second, third] = mostRepresentative(texts, texts.length, 3);
    assert.equal(first, 1);
    assert.ok(second === 4 || second === 5);
    assert.equal(third, 0);
  });

  it('are chosen among the first ones only, however typical the others are', () => {
    assert.deepEqual(mostRepresentative(texts, 1, 3), [0]);
    assert.deepEqual(mostRepresentative([], 0, 3), []);
  });

  it('are all of them where no more are there', () => {
    assert.deepEqual(mostRepresentative(texts, 6, 9).sort(), [0, 1, 2, 3, 4, 5]);
  });
});
