import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyBlend, type Blend, crossFitBlend, fitBlend } from '../../src/linear/blend.js';
import { crossValidate } from '../../src/linear/cross-validation.js';
import { assignFolds } from '../../src/linear/folds.js';
import { singleTargets } from '../../src/linear/logistic.js';
import { type DenseMatrix, denseMatrix } from '../../src/linear/matrix.js';
import { logProbabilities } from '../../src/linear/model.js';
import { createRandom } from '../../src/random.js';

function countOf(folds: Int32Array, strata: readonly number[], fold: number, stratum: number): number {
  return strata.filter((s, row) => s === stratum && folds[row] === fold).length;
}

test('every fold has each class’s share, up to one row', () => {
  const strata = Array.from({ length: 103 }, (_, i) => (i % 10 === 0 ? 2 : i % 2));
  const folds = assignFolds(strata, { folds: 5, seed: 1 });
  for (const stratum of [0, 1, 2]) {
    const counts = [0, 1, 2, 3, 4].map((fold) => countOf(folds, strata, fold, stratum));
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
  }
  assert.deepEqual(assignFolds(strata, { folds: 5, seed: 1 }), folds);
  assert.notDeepEqual(assignFolds(strata, { folds: 5, seed: 2 }), folds);
});

test('rows of one group are in one fold, and the folds stay even', () => {
  const strata = Array.from({ length: 120 }, (_, i) => i % 3);
  const groups = strata.map((_, i) => `document ${Math.floor(i / 6)}`);
  const folds = assignFolds(strata, { folds: 4, seed: 1, groups });
  for (let i = 0; i < 120; i += 6) assert.equal(new Set(folds.slice(i, i + 6)).size, 1);
  for (const fold of [0, 1, 2, 3]) assert.equal(folds.filter((f) => f === fold).length, 30);
});

/** One useful feature and noise; the weaker the useful one, the more L2 helps. */
function noisy(signal: number): { X: DenseMatrix; y: number[] } {
  const random = createRandom(5);
  const y = Array.from({ length: 90 }, (_, i) => i % 3);
  const rows = y.map((label) => Array.from({ length: 40 }, (_, f) => random.next() - 0.5 + (f === label ? signal : 0)));
  return { X: denseMatrix(rows, 40), y };
}

test('cross-validation asks for more L2 where there is more noise', () => {
  const clear = noisy(3);
  const dim = noisy(0.1);
  const [weak, strong] = [clear, dim].map(({ X, y }) => crossValidate(X, singleTargets(y, 3), { seed: 1 }).l2);
  assert.ok((weak as number) < (strong as number), `${weak} < ${strong}`);
});

test('held-out scores are of models that have not seen the row', () => {
  const { X, y } = noisy(3);
  const shuffledLabels = y.map((_, i) => ((i * 7) % 90) % 3);
  const { heldOut, trials, l2 } = crossValidate(X, singleTargets(y, 3), { seed: 1 });
  assert.deepEqual([heldOut.rows, heldOut.columns], [90, 3]);
  assert.ok((trials.find((trial) => trial.l2 === l2)?.accuracy ?? 0) > 0.95);
  const random = noisy(0);
  const chance = crossValidate(random.X, singleTargets(shuffledLabels, 3), { seed: 1 });
  // 90 rows of noise: 1/3 ± 3 standard errors. A leak would give nearly 1.
  for (const trial of chance.trials) assert.ok(trial.accuracy < 0.5, `${trial.accuracy}`);
});

test('cross-validation works for several labels too', () => {
  const { X, y } = noisy(3);
  const targets = {
    kind: 'multi',
    classes: 3,
    y: Uint8Array.from({ length: 270 }, (_, at) => Number(y[Math.floor(at / 3)] === at % 3)),
  } as const;
  const { trials, l2 } = crossValidate(X, targets, { seed: 1, standardise: true, folds: 3 });
  assert.ok((trials.find((trial) => trial.l2 === l2)?.accuracy ?? 0) > 0.9);
});

const scores: DenseMatrix = denseMatrix(
  Array.from({ length: 50 }, (_, i) =>
    [0, 1, 2].map((c) => 3 * Math.sin(1 + i * 0.9 + c * 2.1) + (c === i % 3 ? 1.5 : 0)),
  ),
  3,
);
const gold = singleTargets(
  Array.from({ length: 50 }, (_, i) => i % 3),
  3,
);

test('temperature and biases are at the minimum that SciPy finds', () => {
  // scipy 1.17.1: minimize_scalar(bounded) and minimize(BFGS) on the same function.
  const temperatureOf = ({ factors }: Blend) => 1 / (factors[0] as number);
  assert.ok(Math.abs(temperatureOf(fitBlend([scores], gold)) - 4.56314) < 1e-4);
  const scaling = fitBlend([scores], gold, { bias: 'each' });
  assert.ok(Math.abs(temperatureOf(scaling) - 4.485387) < 1e-4);
  [0.00545653, 0.02271002, -0.02816682].forEach((value, c) => {
    assert.ok(Math.abs((scaling.bias[c] as number) - value) < 1e-5);
  });
});

test('temperature keeps the best class and lowers the loss; scores that are always right do not make it 0', () => {
  const loss = (matrix: DenseMatrix): number =>
    gold.y.reduce((sum, c, r) => sum - (logProbabilities(matrix, 'softmax').values[r * 3 + c] as number), 0);
  assert.ok(loss(applyBlend([scores], fitBlend([scores], gold))) < loss(scores));
  const certain = denseMatrix(
    Array.from(gold.y, (c) => [0, 1, 2].map((k) => (k === c ? 5 : 0))),
    3,
  );
  const [factor] = fitBlend([certain], gold).factors as [number];
  assert.ok(factor >= 1 && factor <= 20);
});

test('a row is scaled by what the other folds ask for, whatever it is itself', () => {
  const fold = Int32Array.from({ length: 50 }, (_, row) => row % 5);
  const scaled = crossFitBlend([scores], gold, fold);
  const others = Array.from(fold.keys()).filter((row) => fold[row] !== 2);
  const byHand = fitBlend(
    [
      denseMatrix(
        others.map((row) => scores.values.subarray(row * 3, row * 3 + 3)),
        3,
      ),
    ],
    singleTargets(
      others.map((row) => gold.y[row] as number),
      3,
    ),
  );
  for (const c of [0, 1, 2]) {
    const given = scaled.values[7 * 3 + c] as number;
    assert.ok(Math.abs(given - (scores.values[7 * 3 + c] as number) * (byHand.factors[0] as number)) < 1e-12);
  }
  const turned = { ...gold, y: gold.y.map((c, row) => (fold[row] === 2 ? (c + 1) % 3 : c)) };
  const again = crossFitBlend([scores], turned, fold);
  assert.equal(again.values[7 * 3], scaled.values[7 * 3]);
  assert.notEqual(again.values[8 * 3], scaled.values[8 * 3]);
});

test('a source that knows more counts more, and one that knows nothing counts nothing', () => {
  const random = createRandom(7);
  const n = 400;
  const y = Array.from({ length: n }, (_, i) => i % 4);
  const about = (signal: number) =>
    denseMatrix(
      y.map((label) => [0, 1, 2, 3].map((c) => 2 * (random.next() - 0.5) + (c === label ? signal : 0))),
      4,
    );
  const [clear, dim, noise] = [about(1), about(0.5), about(0)];
  const targets = singleTargets(y, 4);
  const { factors } = fitBlend([clear, dim, noise], targets);
  const [first, second, third] = factors as [number, number, number];
  assert.ok(first > second && second > 0.5, `${factors}`);
  assert.ok(Math.abs(third) < 0.4, `${factors}`);
  const loss = (matrix: DenseMatrix) =>
    y.reduce((sum, c, r) => sum - (logProbabilities(matrix, 'softmax').values[r * 4 + c] as number), 0) / n;
  const fold = Int32Array.from({ length: n }, (_, row) => row % 5);
  const together = loss(crossFitBlend([clear, dim, noise], targets, fold));
  assert.ok(together < loss(crossFitBlend([clear], targets, fold)) - 0.02);
});

test('one bias for all classes makes as many hold as do, where each is decided by itself', () => {
  const random = createRandom(11);
  const [n, classes] = [300, 3];
  const odds = Array.from({ length: n * classes }, () => 6 * random.next() - 4);
  const y = Uint8Array.from(odds, (value) => (random.next() < 1 / (1 + Math.exp(-value)) ? 1 : 0));
  const targets = { kind: 'multi', classes, y } as const;
  // As unlikely by a constant as strong L2 makes what is rare.
  const low = denseMatrix(
    Array.from({ length: n }, (_, row) => odds.slice(row * classes, (row + 1) * classes).map((value) => value - 1.5)),
    classes,
  );
  const blend = fitBlend([low], targets, { bias: 'common', l2: 0.01 });
  assert.equal(new Set(blend.bias).size, 1);
  assert.ok(Math.abs((blend.bias[0] as number) - 1.5) < 0.4, `${blend.bias}`);
  const { values } = logProbabilities(applyBlend([low], blend), 'sigmoid');
  const expected = Array.from(values, Math.exp).reduce((sum, value) => sum + value, 0);
  const held = y.reduce((sum, holds) => sum + holds, 0);
  assert.ok(Math.abs(expected - held) < 0.5, `${expected} ${held}`);
});
