import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedLogit, fitPlatt, sureScore } from '../../src/linear/platt.js';

test('log-odds are bounded, and a hair above 1 counts as 1: sums of products end there', () => {
  assert.equal(boundedLogit(0.5), 0);
  assert.ok(Math.abs(boundedLogit(0.8) - Math.log(4)) < 1e-12);
  assert.deepEqual([1, 1 + Number.EPSILON, 1 - 1e-9].map(boundedLogit), [12, 12, 12]);
  assert.deepEqual([0, 1e-9].map(boundedLogit), [-12, -12]);
});

test('a curve that changes nothing gives the probability back, whatever it is', () => {
  const same = { slope: 1, intercept: 0 };
  for (const p of [0.01, 0.3, 0.5, 0.99]) assert.ok(Math.abs(sureScore(same, p) - p) < 1e-12);
  assert.ok(sureScore(same, 1 + 2 * Number.EPSILON) > 0.9999);
});

test('a curve through scores that say too much says less', () => {
  // Of what has 0.9, half is right.
  const scores = Array.from({ length: 40 }, () => boundedLogit(0.9));
  const curve = fitPlatt(
    scores,
    scores.map((_, i) => i % 2 === 0),
  );
  assert.ok(Math.abs(sureScore(curve, 0.9) - 0.5) < 0.01);
});
