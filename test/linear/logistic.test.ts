import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleTargets, train } from '../../src/linear/logistic.js';
import { type DenseMatrix, denseMatrix, type SparseMatrix, sparseMatrix } from '../../src/linear/matrix.js';
import { predictLogProbabilities } from '../../src/linear/model.js';
import type { MultiTargets } from '../../src/linear/targets.js';
import { createRandom } from '../../src/random.js';

/*
 * Reference values: scikit-learn 1.9.1, LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10000), on the data
 * that `classes` and `features` make.
 */

function classes(n: number, k: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => ((i * 7 + Math.floor((i * i) / 5)) % 11) % k);
}

function features(n: number, d: number, k: number): DenseMatrix {
  const y = classes(n, k);
  const rows = Array.from({ length: n }, (_, i) =>
    Array.from(
      { length: d },
      (_, f) => (f + 1) * Math.sin(1 + 0.7 * i + 1.3 * f + 0.11 * i * f) + (f % k === y[i] ? 0.8 * (f + 1) : 0),
    ),
  );
  return denseMatrix(rows, d);
}

function sparse(X: DenseMatrix): SparseMatrix {
  const rows = Array.from({ length: X.rows }, (_, r) =>
    Array.from({ length: X.columns }, (_, f): [number, number] => [f, X.values[r * X.columns + f] as number]),
  );
  return sparseMatrix(rows, X.columns);
}

function near(actual: ArrayLike<number>, expected: readonly number[], margin: number): void {
  expected.forEach((value, i) => {
    assert.ok(Math.abs((actual[i] as number) - value) < margin, `[${i}] ${actual[i]} is not ${value} ± ${margin}`);
  });
}

const exact = { tolerance: 1e-9 };
const X = features(60, 5, 4);
const y = singleTargets(classes(60, 4), 4);
const four = {
  weights: [
    1.4201172, -0.2625261, -0.1480114, -0.0354283, 0.2648453, -0.3457688, 1.1558483, -0.0138192, -0.1314979, -0.3786897,
    -0.3064526, -0.2935325, 0.419494, -0.1058055, 0.0023723, -0.7678958, -0.5997897, -0.2576634, 0.2727317, 0.1114721,
  ],
  bias: [0.1510572, -0.8831342, 0.2978097, 0.4342672],
  probabilities: [0.9616427, 0.0189875, 0.0151403, 0.0042295, 0.8352195, 0.0019355, 0.0091942, 0.1536509],
};

for (const [kind, matrix] of [
  ['dense', X],
  ['sparse', sparse(X)],
] as const) {
  test(`four classes, ${kind}: weights and probabilities are those of scikit-learn`, () => {
    const model = train(matrix, y, { l2: 0.5, ...exact });
    assert.equal(model.converged, true);
    near(model.weights, four.weights, 1e-5);
    near(model.bias, four.bias, 1e-5);
    near(predictLogProbabilities(model, matrix).values.map(Math.exp), four.probabilities, 1e-6);
  });
}

test('two classes are one decision, penalised as in scikit-learn', () => {
  const X = features(40, 3, 2);
  const model = train(X, singleTargets(classes(40, 2), 2), { l2: 0.1, ...exact });
  near(model.weights, [0, 0, 0, -2.1308081, 0.0335078, -0.5281942], 1e-5);
  near(model.bias, [0, 1.4236396], 1e-5);
  const probabilities = predictLogProbabilities(model, X).values.map(Math.exp);
  near(probabilities, [0.9302478, 0.0697522, 0.2846179, 0.7153821], 1e-6);
});

test('balanced class weights are those of scikit-learn', () => {
  const model = train(X, y, { classWeight: 'balanced', ...exact });
  near(model.weights, [1.2540584, -0.2246255, -0.1377375, -0.0497359, 0.241807], 1e-5);
  near(model.bias, [-0.1256558, -0.6275307, 0.3453407, 0.4078457], 1e-5);
});

test('standardised training gives a model over plain features (StandardScaler in front of the regression)', () => {
  const model = train(X, y, { standardise: true, ...exact });
  near(model.weights, [1.2914789, -0.1478193, -0.129616, -0.0331258, 0.1924349], 1e-5);
  const probabilities = predictLogProbabilities(model, X).values.map(Math.exp);
  near(probabilities, [0.9336097, 0.036819, 0.0206644, 0.008907, 0.7993226, 0.0098638, 0.0155374, 0.1752762], 1e-6);
});

const several: MultiTargets = {
  kind: 'multi',
  classes: 3,
  y: Uint8Array.from({ length: 180 }, (_, at) => {
    const [i, c] = [Math.floor(at / 3), at % 3];
    return Number((i * 3 + c) % 4 === 0 || y.y[i] === c);
  }),
};

test('several labels are one regression each (OneVsRestClassifier)', () => {
  const model = train(X, several, exact);
  near(model.weights.subarray(5), [-0.3027202, 0.4271521, -0.1253047, 0.0533222, -0.1142976], 1e-5);
  near(model.bias, [-0.2718325, -0.2780753, -0.1421155], 1e-5);
  const probabilities = predictLogProbabilities(model, X).values.map(Math.exp);
  near(probabilities, [0.8799204, 0.3564456, 0.2816077, 0.7185357, 0.3582197, 0.2050187], 1e-6);
});

test('balanced weights of several labels are each label’s own', () => {
  const model = train(X, several, { classWeight: 'balanced', ...exact });
  near(model.weights, [1.0118778, 0.081136, 0.0290098, -0.0547987, 0.0933456], 1e-5);
  near(model.bias, [-0.3998339], 1e-5);
});

test('training twice gives the same bits', () => {
  assert.deepEqual(train(X, y, { l2: 0.1 }), train(X, y, { l2: 0.1 }));
});

test('a warm start at the answer ends at once, also with standardised features', () => {
  for (const standardise of [false, true]) {
    const first = train(X, y, { standardise, tolerance: 1e-6 });
    assert.equal(train(X, y, { standardise, tolerance: 1e-5, start: first }).iterations, 0);
  }
});

test('a fit towards a model stays there under a strong penalty, and moves as far as the rows say under a weak one', () => {
  const two = singleTargets(classes(60, 2), 2);
  const weights = Float64Array.from([0, 0, 0, 0, 0, 1, -2, 0.5, 0, 3]);
  const towards = { link: 'softmax', classes: 2, features: 5, weights, bias: new Float64Array(2) } as const;
  for (const standardise of [false, true]) {
    near(train(X, two, { standardise, towards, l2: 1e9, ...exact }).weights, [...weights], 1e-4);
    const free = train(X, two, { standardise, l2: 1e-3, ...exact });
    near(train(X, two, { standardise, towards, l2: 1e-3, ...exact }).weights, [...free.weights], 0.02);
  }
  const half = train(X, two, { towards, l2: 5, ...exact });
  const away = [...half.weights].map((weight, i) => Math.abs(weight - (weights[i] as number)));
  assert.ok(Math.max(...away) > 0.01);
});

test('Float32 features train like the same numbers in Float64', () => {
  const single: DenseMatrix = { ...X, values: new Float32Array(X.values) };
  const double: DenseMatrix = { ...X, values: new Float64Array(single.values) };
  assert.deepEqual(train(single, y).weights, train(double, y).weights);
});

test('a row scores the same whatever rows are beside it', () => {
  const model = train(X, y);
  const all = predictLogProbabilities(model, X).values.slice(28, 32);
  const alone = predictLogProbabilities(model, denseMatrix([X.values.slice(35, 40)], 5)).values;
  assert.deepEqual(alone, all);
});

test('640 features and 20 classes of 400 rows train within seconds', () => {
  const random = createRandom(1);
  const wide: DenseMatrix = {
    kind: 'dense',
    rows: 400,
    columns: 640,
    values: Float64Array.from({ length: 400 * 640 }, () => random.next() - 0.5),
  };
  const start = performance.now();
  const model = train(
    wide,
    singleTargets(
      Int32Array.from({ length: 400 }, (_, i) => i % 20),
      20,
    ),
    { l2: 1 },
  );
  assert.equal(model.converged, true);
  assert.ok(performance.now() - start < 5000);
});

test('a soft target is learned as the rows would be that it stands for', () => {
  for (const k of [2, 3]) {
    const X = features(30, 3, k);
    const y = classes(30, k);
    // Each row is 0.7 of its class and 0.3 of the next one, and counts twice.
    const soft = new Float64Array(30 * k);
    y.forEach((own, r) => {
      soft[r * k + own] = 0.7;
      soft[r * k + ((own + 1) % k)] = 0.3;
    });
    const twice = denseMatrix(
      [...Array(2).keys()].flatMap(() =>
        Array.from({ length: 30 }, (_, r) => Array.from(X.values.subarray(r * 3, r * 3 + 3))),
      ),
      3,
    );
    const both = Int32Array.from({ length: 60 }, (_, r) =>
      r < 30 ? (y[r] as number) : ((y[r - 30] as number) + 1) % k,
    );
    const options = { l2: 1, tolerance: 1e-9 };
    const taught = train(X, { kind: 'single', classes: k, y, soft, counts: new Float64Array(30).fill(2) }, options);
    const counts = Float64Array.from(both, (_, r) => (r < 30 ? 1.4 : 0.6));
    const spelled = train(twice, { kind: 'single', classes: k, y: both, counts }, options);
    near(taught.weights, Array.from(spelled.weights), 1e-5);
    near(taught.bias, Array.from(spelled.bias), 1e-5);
  }
});
