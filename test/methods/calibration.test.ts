import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fitPlatt, plattProbability } from '../../src/linear/platt.js';
import {
  batchCalibration,
  type Calibration,
  calibrate,
  contextualCalibration,
  fittedCalibration,
  noCalibration,
  softmax,
} from '../../src/methods/calibration.js';
import { createRandom } from '../../src/random.js';

const { log } = Math;

function close(actual: number | undefined, expected: number, tolerance = 1e-12): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

function allClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) close(actual[i], value, tolerance);
}

/** Mean negative log-probability of the right labels. */
function logLoss(scores: readonly number[][], gold: readonly number[], calibration: Calibration): number {
  const losses = scores.map(
    (row, i) => -log(Math.max(1e-300, calibrate(row, calibration)[gold[i] as number] as number)),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('softmax', () => {
  it('gives shares that sum to 1, however large or small the scores', () => {
    allClose(softmax([log(1), log(3)]), [0.25, 0.75]);
    allClose(softmax([-1000, -1000 + log(3)]), [0.25, 0.75]);
    allClose(softmax([5]), [1]);
    allClose(softmax([0, Number.NEGATIVE_INFINITY]), [1, 0]);
  });
});

describe('no calibration', () => {
  it('only renormalises over the labels', () => {
    allClose(calibrate([log(0.1), log(0.3)], noCalibration(2)), [0.25, 0.75]);
  });
});

describe('contextual calibration', () => {
  it('makes an input without content say nothing', () => {
    const calibration = contextualCalibration([[log(0.8), log(0.2)]]);
    allClose(calibration.bias, [log(0.8), log(0.2)]);
    allClose(calibrate([log(0.8), log(0.2)], calibration), [0.5, 0.5]);
    // 0.6/0.8 : 0.4/0.2 = 0.75 : 2
    allClose(calibrate([log(0.6), log(0.4)], calibration), [0.75 / 2.75, 2 / 2.75]);
  });

  it('averages probabilities over the labels, not log-probabilities', () => {
    // [0.9, 0.1] and [0.5, 0.5] of whatever mass the labels have: mean [0.7, 0.3].
    const calibration = contextualCalibration([
      [log(0.09), log(0.01)],
      [log(0.2), log(0.2)],
    ]);
    allClose(calibration.bias, [log(0.7), log(0.3)]);
    assert.equal(calibration.temperature, 1);
  });
});

describe('batch calibration', () => {
  const batch = [
    [log(0.9), log(0.1)],
    [log(0.7), log(0.3)],
  ];

  it('takes off the mean probability of each label', () => {
    allClose(batchCalibration(batch).bias, [log(0.8), log(0.2)]);
    // 0.7/0.8 : 0.3/0.2 = 0.875 : 1.5
    allClose(calibrate([log(0.7), log(0.3)], batchCalibration(batch)), [0.875 / 2.375, 1.5 / 2.375]);
  });

  it('with the shares of the batch as they are changes nothing', () => {
    allClose(calibrate([log(0.7), log(0.3)], batchCalibration(batch, [0.8, 0.2])), [0.7, 0.3]);
  });

  it('with equal shares is the same as without', () => {
    allClose(
      calibrate([log(0.6), log(0.4)], batchCalibration(batch, [0.5, 0.5])),
      calibrate([log(0.6), log(0.4)], batchCalibration(batch)),
    );
  });
});

/** Scores that know the label, moved by a bias and made too sure. */
function biasedScores(labels: number, count: number, bias: readonly number[], sharpness: number) {
  const random = createRandom(7);
  const gold: number[] = [];
  const scores = Array.from({ length: count }, () => {
    const right = random.below(labels);
    gold.push(right);
    return Array.from({ length: labels }, (_, i) => {
      const noise = random.next() + random.next() + random.next() - 1.5;
      return sharpness * ((i === right ? 1 : 0) + noise) + (bias[i] as number) - 20;
    });
  });
  return { scores, gold };
}

describe('fitted calibration', () => {
  for (const [labels, bias] of [
    [2, [3, 0]],
    [4, [0, 2, -1, 4]],
  ] as const) {
    it(`improves the log-loss of biased scores for ${labels} labels, on unseen rows too`, () => {
      const { scores, gold } = biasedScores(labels, 400, bias, 9);
      const [seen, unseen] = [scores.slice(0, 200), scores.slice(200)];
      const fitted = fittedCalibration(seen, gold.slice(0, 200));
      const plain = noCalibration(labels);
      assert.ok(logLoss(seen, gold.slice(0, 200), fitted) < logLoss(seen, gold.slice(0, 200), batchCalibration(seen)));
      assert.ok(logLoss(unseen, gold.slice(200), fitted) < 0.7 * logLoss(unseen, gold.slice(200), plain));
      assert.ok(fitted.temperature > 1, `scores that are too sure are cooled, found ${fitted.temperature}`);
    });
  }

  it('leaves scores that are right as they are', () => {
    // 80 of 100 rows with p = 0.8 are right, for each of the labels.
    const rows = [0, 1].flatMap((label) =>
      Array.from({ length: 100 }, (_, i) => ({ label, gold: i < 80 ? label : 1 - label })),
    );
    const scores = rows.map(({ label }) => (label === 0 ? [log(0.8), log(0.2)] : [log(0.2), log(0.8)]));
    const fitted = fittedCalibration(
      scores,
      rows.map((row) => row.gold),
    );
    allClose(calibrate([log(0.8), log(0.2)], fitted), [0.8, 0.2], 1e-4);
  });

  it('gives probabilities that sum to 1', () => {
    const { scores, gold } = biasedScores(3, 60, [1, 0, -1], 2);
    const fitted = fittedCalibration(scores, gold);
    const score = fc.double({ min: -400, max: 0, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(score, score, score), (row) => {
        const probabilities = calibrate(row, fitted);
        close(
          probabilities.reduce((sum, p) => sum + p, 0),
          1,
          1e-9,
        );
        assert.ok(probabilities.every((p) => p >= 0 && p <= 1));
      }),
    );
  });

  it('stays finite when all examples have one label', () => {
    const scores = Array.from({ length: 20 }, (_, i) => [-1 - (i % 3), -2]);
    const fitted = fittedCalibration(
      scores,
      scores.map(() => 1),
    );
    assert.ok(fitted.temperature > 0 && Number.isFinite(fitted.temperature) && fitted.bias.every(Number.isFinite));
    const [, right] = calibrate([-2, -2], fitted);
    assert.ok((right as number) > 0.5);
  });

  it('stays finite when the scores separate the labels, or one label scores nothing', () => {
    for (const low of [-1, -50, -2000]) {
      const scores = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? [0, low] : [low, 0]));
      const fitted = fittedCalibration(
        scores,
        scores.map((_, i) => i % 2),
      );
      assert.ok(fitted.temperature > 0 && fitted.bias.every(Number.isFinite), JSON.stringify(fitted));
      assert.ok((calibrate([0, low], fitted)[0] as number) > 0.5);
    }
  });
});

describe('Platt scaling', () => {
  it('is the logistic curve', () => {
    close(plattProbability({ slope: 2, intercept: 0 }, 0), 0.5);
    close(plattProbability({ slope: 2, intercept: -2 }, 1), 0.5);
    close(plattProbability({ slope: 1, intercept: 0 }, log(3)), 0.75);
    close(plattProbability({ slope: 1, intercept: 0 }, -2000), 0);
  });

  it('finds the odds at each of two scores', () => {
    // At score 1, 3 of 4 hold; at −1, 1 of 4: slope log 3, intercept 0, but for the penalty.
    const rows = Array.from({ length: 800 }, (_, i) => ({
      score: i % 2 === 0 ? 1 : -1,
      holds: i % 8 < 6 === (i % 2 === 0),
    }));
    const held = (score: number) => rows.filter((row) => row.score === score && row.holds).length;
    assert.deepEqual([held(1), held(-1)], [300, 100]);
    const platt = fitPlatt(
      rows.map((row) => row.score),
      rows.map((row) => row.holds),
    );
    close(plattProbability(platt, 1), 0.75, 2e-3);
    close(plattProbability(platt, -1), 0.25, 2e-3);
  });

  it('takes off a bias towards yes', () => {
    const scores = Array.from({ length: 40 }, (_, i) => 3 + i / 10);
    const platt = fitPlatt(
      scores,
      scores.map((_, i) => i >= 20),
    );
    assert.ok(platt.slope > 0);
    assert.ok(plattProbability(platt, 3) < 0.5 && plattProbability(platt, 7) > 0.5);
    close(plattProbability(platt, 4.95), 0.5, 0.05);
  });

  it('stays finite when the two kinds are separable, or one is missing', () => {
    for (const holds of [
      [false, false, true, true],
      [true, true, true, true],
      [false, false, false, false],
    ]) {
      const platt = fitPlatt([-5, -4, 4, 5], holds);
      assert.ok(Number.isFinite(platt.slope) && Number.isFinite(platt.intercept));
      const [low, high] = [plattProbability(platt, -5), plattProbability(platt, 5)];
      assert.ok(low >= 0 && high <= 1 && (holds[0] === holds[3] || low < high));
      if (holds[0] === holds[3]) assert.equal(low > 0.5, holds[0]);
    }
  });
});
