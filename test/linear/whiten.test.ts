import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossValidate } from '../../src/linear/cross-validation.js';
import { singleTargets, train } from '../../src/linear/logistic.js';
import { denseMatrix } from '../../src/linear/matrix.js';
import { predictScores } from '../../src/linear/model.js';
import { fitWhitener, fromWhiteFeatures, toWhiteFeatures, whiten } from '../../src/linear/whiten.js';
import { createRandom } from '../../src/random.js';

const close = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs((actual as number) - expected) < 1e-9, `${actual} is not ${expected}`);

test('what spreads within the classes is evened out, by hand', () => {
  // Within both classes the first feature is ±2 around its mean, the second ±1: covariance (4, 1), without shrinking.
  const X = denseMatrix(
    [
      [12, 5],
      [8, 3],
      [12, 3],
      [8, 5],
      [-8, 5],
      [-12, 3],
      [-8, 3],
      [-12, 5],
    ],
    2,
  );
  const whitener = fitWhitener(X, singleTargets([0, 0, 0, 0, 1, 1, 1, 1], 2), 0);
  const { values } = whiten(X, whitener);
  // (10 ± 2) / 2 beside ±1, brought to a mean square of 1: the mean of 26 and 1 is 13.5.
  const scale = 1 / Math.sqrt(13.5);
  close(values[0], 6 * scale);
  close(values[1], 1 * scale);
  close(values[2], 4 * scale);
  close(values[3], -1 * scale);
});

test('with much shrinking the features keep their proportions', () => {
  const X = denseMatrix(
    [
      [3, 1],
      [-3, -1],
      [3, -1],
      [-3, 1],
    ],
    2,
  );
  const { values } = whiten(X, fitWhitener(X, singleTargets([0, 0, 1, 1], 2), 1e9));
  assert.ok(Math.abs((values[0] as number) / (values[1] as number) - 3) < 1e-6);
});

const random = createRandom(5);
const y = Array.from({ length: 90 }, (_, i) => i % 3);
const rows = y.map((c) => Array.from({ length: 4 }, (_, f) => (f === c ? 2 : 0) + (random.next() - 0.5) * (f + 1) + 7));
const X = denseMatrix(rows, 4);
const targets = singleTargets(y, 3);

test('a model over white features gives the same scores as its plain one, and comes back', () => {
  const whitener = fitWhitener(X, targets, 3);
  const white = whiten(X, whitener);
  const model = train(white, targets, { l2: 1 });
  const plain = fromWhiteFeatures(model, whitener);
  const [expected, scores] = [predictScores(model, white), predictScores(plain, X)];
  scores.values.forEach((score, i) => {
    close(score, expected.values[i] as number);
  });
  toWhiteFeatures(plain, whitener).weights.forEach((weight, i) => {
    close(weight, model.weights[i] as number);
  });
  const direct = train(X, targets, { l2: 1, spread: 3 });
  direct.weights.forEach((weight, i) => {
    close(weight, plain.weights[i] as number);
  });
});

test('strengths are compared after the best temperature where one is fitted afterwards', () => {
  // Strong L2 makes all classes nearly as likely, which costs only where nothing sharpens it afterwards.
  const options = { grid: [300, 0.3], seed: 1, standardise: true };
  const of = (tempered: boolean) =>
    crossValidate(X, targets, { ...options, tempered }).trials.find(({ l2 }) => l2 === 300)?.logLoss as number;
  assert.ok(of(false) > 0.5, `${of(false)}`);
  assert.ok(of(true) < 0.5 * of(false), `${of(true)} beside ${of(false)}`);
});
