import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  labelShares,
  neighboursFrom,
  neighboursOf,
  storedNeighbours,
} from '../src/methods/nearest-states/neighbours.js';

const states = [
  [9, 1],
  [8, 0],
  [1, 9],
  [0, 8],
].map((row) => Float32Array.from(row));
const made = neighboursOf(states, {
  labels: ['right', 'up'],
  layers: 3,
  classes: Int32Array.of(0, 0, 1, 1),
  count: 2,
  temperature: 1,
});
const products = (state: readonly number[]) =>
  made.rows.map((row) => row.reduce((sum, v, i) => sum + v * (state[i] as number), 0));

describe('nearest states', () => {
  it('vote for the label of the examples in the same direction from their mean', () => {
    const [right = 0, up = 0] = labelShares(made, products([7, 2]));
    // Both neighbours are "right": all votes but the share of the half vote that every label has a part of.
    assert.ok(right > up && Math.abs(right + up - 1) < 1e-9);
    assert.ok(up > 0.05 && up < 0.25, `${up}`);
    const [a = 0, b = 0] = labelShares(made, products([4.5, 4.5]));
    assert.ok(Math.abs(a - b) < 0.2, `${a} ${b}`);
  });

  it('are read as they were stored', () => {
    assert.deepEqual(neighboursFrom(storedNeighbours(made)), made);
  });
});
