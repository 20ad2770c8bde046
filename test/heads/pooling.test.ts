import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Pooling,
  pooled,
  pooledParts,
  pooledPositions,
  pooledScores,
  poolings,
  rowsByPart,
} from '../../src/heads/pooling.js';

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-3, `${a} is not ${b}`);

describe('pooling', () => {
  it('reads the end of a text, or all of it', () => {
    assert.deepEqual(pooledPositions('last', 4), [3]);
    assert.deepEqual(pooledPositions('last+mean', 4), [0, 1, 2, 3]);
  });

  it('puts the mean behind the last state', () => {
    const states = [
      [1, 0],
      [3, 4],
    ];
    assert.deepEqual([...pooled('last', states)], [3, 4]);
    assert.deepEqual([...pooled('last+mean', states)], [3, 4, 2, 2]);
  });

  it('gives the same scores whether states are pooled and then weighed, or weighed where they are and then pooled', () => {
    const width = 3;
    const number = fc.integer({ min: -8, max: 8 });
    const text = fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 });
    // One text after one to three prompts.
    const texts = fc.array(text, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.constantFrom<Pooling>(...poolings),
        texts,
        fc.infiniteStream(number),
        (pooling, after, weights) => {
          const columns = after.length * pooledParts(pooling) * width;
          const rows = [0, 1].map(() => Float32Array.from({ length: columns }, () => weights.next().value as number));
          const features = after.flatMap((states) => [...pooled(pooling, states)]);
          const parts = rowsByPart(rows, pooling, after.length);
          const scores = after.map((states, prompt) => {
            const read = pooledPositions(pooling, states.length).map((at) =>
              parts.map((row) => dot(row, states[at] as number[])),
            );
            return pooledScores(pooling, read, rows.length, prompt);
          });
          rows.forEach((row, label) => {
            near(
              scores.reduce((sum, own) => sum + (own[label] as number), 0),
              dot(row, features),
            );
          });
        },
      ),
    );
  });
});

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}
