import assert from 'node:assert/strict';
import { test } from 'node:test';
import { riskCoverage } from '../../src/metrics/risk-coverage.js';

test('the share that is right at each coverage is that of the surest results', () => {
  const given = [
    { score: 0.2, right: false },
    { score: 0.9, right: true },
    { score: 0.6, right: true },
    { score: 0.7, right: false },
  ];
  assert.deepEqual(riskCoverage(given, 4), [
    { coverage: 0.25, threshold: 0.9, right: 1 },
    { coverage: 0.5, threshold: 0.7, right: 0.5 },
    { coverage: 0.75, threshold: 0.6, right: 2 / 3 },
    { coverage: 1, threshold: 0.2, right: 0.5 },
  ]);
});

test('records that get no result count in the coverage, and a coverage that is not reached has no figure', () => {
  const [quarter, half, , all] = riskCoverage(
    [
      { score: 0.9, right: true },
      { score: 0.9, right: false },
    ],
    4,
  );
  assert.deepEqual(quarter, { coverage: 0.5, threshold: 0.9, right: 0.5 }, 'equal scores are given together');
  assert.deepEqual(half, { coverage: 0.5, threshold: 0.9, right: 0.5 });
  assert.deepEqual(all, { coverage: 1, threshold: null, right: null });
});
