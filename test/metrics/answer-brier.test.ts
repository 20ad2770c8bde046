import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unanswered } from '../../src/task-types/answer/values.js';
import { metricsFor } from '../../src/task-types/metrics.js';
import type { Pair } from '../../src/types.js';

const metric = metricsFor('answer', false).find(({ name }) => name === 'answer-brier');
const context = { labels: [], multiLabel: false };

function pair(score: number, answer: string | null, answers: readonly string[]): Pair {
  const output = answer === null ? unanswered(score, 'not sure enough') : { ...unanswered(score, ''), answer };
  return { id: '', text: '', gold: { type: 'answer', answers }, output };
}

const brierOf = (...pairs: readonly Pair[]) => metric?.prepare(pairs, context).value() ?? null;

test('probabilities of answers: given ones are right or wrong', () => {
  assert.ok(
    Math.abs((brierOf(pair(0.9, 'in 1947', ['1947']), pair(0.6, 'Oslo', [])) ?? 0) - (0.01 + 0.36) / 2) < 1e-12,
  );
});

test('a withheld answer was wrong where there is none to give; elsewhere nobody knows', () => {
  assert.ok(Math.abs((brierOf(pair(0.2, null, []), pair(0.4, null, ['Oslo'])) ?? 0) - 0.04) < 1e-12);
  assert.equal(brierOf(pair(0.4, null, ['Oslo'])), null);
});
