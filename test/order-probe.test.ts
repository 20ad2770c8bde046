import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labelOrders, orderFigures } from '../src/order-probe.js';

const labels = (...names: string[]) => names.map((name) => ({ name, word: name, description: '', aliases: [] }));
const orders = (...names: string[]) =>
  labelOrders(labels(...names)).map((order) => order.map(({ name }) => name).join(''));

describe('the probe of the order of labels', () => {
  it('takes the own order, the reverse and two rotations, none twice', () => {
    assert.deepEqual(orders('a', 'b'), ['ab', 'ba']);
    assert.deepEqual(orders('a', 'b', 'c'), ['abc', 'cba', 'bca', 'cab']);
    assert.deepEqual(orders('a', 'b', 'c', 'd', 'e', 'f'), ['abcdef', 'fedcba', 'cdefab', 'efabcd']);
  });

  it('counts records whose label changes, and how far probabilities move', () => {
    const own = [
      { a: 0.9, b: 0.1 },
      { a: 0.6, b: 0.4 },
    ];
    const reversed = [
      { a: 0.8, b: 0.2 },
      { a: 0.3, b: 0.7 },
    ];
    const figures = orderFigures([own, reversed], ['a', 'b']);
    assert.equal(figures.flipRate, 0.5);
    assert.ok(Math.abs(figures.shift - 0.2) < 1e-9);
    assert.deepEqual(figures.accuracy, [0.5, 1]);
    // 0.45 beside 0.55 in the mean of the second.
    assert.equal(figures.averagedAccuracy, 1);
  });

  it('finds nothing where nothing moves', () => {
    const rows = [[{ a: 0.7, b: 0.3 }], [{ a: 0.7, b: 0.3 }]];
    const { flipRate, shift } = orderFigures(rows, ['a']);
    assert.deepEqual([flipRate, shift], [0, 0]);
  });
});
