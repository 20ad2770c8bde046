import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrationError, calibrationErrorByChance } from '../../src/metrics/reliability.js';
import { createRandom } from '../../src/random.js';
import { metricNamed } from '../helpers/metrics.js';

test('right probabilities have the calibration error that is expected by chance', () => {
  for (const n of [30, 100, 1000]) {
    const random = createRandom(n);
    const scores = Array.from({ length: n }, () => random.next());
    const draws = Array.from({ length: 400 }, () =>
      calibrationError(scores.map((score) => ({ score, right: random.next() < score }))),
    );
    const mean = draws.reduce((sum, error) => sum + error, 0) / draws.length;
    const expected = calibrationErrorByChance(scores.map((score) => ({ score, right: true })));
    assert.ok(Math.abs(expected / mean - 1) < 0.12, `${n} records: ${expected} expected, ${mean} drawn`);
  }
});

test('sure probabilities have no error by chance', () => {
  assert.equal(
    calibrationErrorByChance([
      { score: 1, right: true },
      { score: 0, right: false },
    ]),
    0,
  );
});

test('a calibration error says what chance alone gives, other figures and no results do not', () => {
  const context = { labels: [], multiLabel: false };
  const pair = {
    id: '',
    text: '',
    gold: { type: 'answer', answers: ['a'] },
    output: { type: 'answer', answer: 'a', score: 0.5, evidence: null },
  } as never;
  assert.ok((metricNamed('answer-ece').prepare([pair], context).byChance() ?? 0) > 0.3);
  assert.equal(metricNamed('answer-ece').prepare([], context).byChance(), null);
  assert.equal(metricNamed('token-f1').prepare([pair], context).byChance(), null);
});
