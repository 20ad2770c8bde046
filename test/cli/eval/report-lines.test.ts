import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ShownReport, surestOf } from '../../../src/cli/eval/report-lines.js';
import { riskCoverage } from '../../../src/metrics/risk-coverage.js';

describe('the surest results', () => {
  const surest = (scores: readonly number[], records = scores.length) => {
    const given = scores.map((score, at) => ({ score, right: at % 2 === 0 }));
    return surestOf({ coverage: riskCoverage(given, records) } as unknown as ShownReport);
  };

  it('are said once where all scores are equal', () => {
    assert.deepEqual(surest([1, 1, 1, 1]), [{ coverage: 1, threshold: 1, right: 0.5 }]);
  });

  it('are said at each coverage that there are results for', () => {
    assert.deepEqual(
      surest([0.9, 0.8], 4).map(({ coverage }) => coverage),
      [0.25, 0.5],
    );
  });
});
