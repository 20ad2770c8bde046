import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bestSequence, type ChainMask, type ChainSteps, marginals, trainChain } from '../../src/linear/chain.js';
import { type DenseMatrix, denseMatrix, sparseMatrix } from '../../src/linear/matrix.js';
import { predictScores } from '../../src/linear/model.js';

/** Every sequence of `n` classes. */
function sequences(n: number, K: number): number[][] {
  if (n === 0) return [[]];
  return sequences(n - 1, K).flatMap((head) => Array.from({ length: K }, (_, c) => [...head, c]));
}

function scoreOf(sequence: readonly number[], scores: DenseMatrix, steps: ChainSteps): number {
  return sequence.reduce((sum, c, t) => {
    const step =
      t === 0 ? (steps.first[c] as number) : (steps.next[(sequence[t - 1] as number) * steps.classes + c] as number);
    return sum + step + (scores.values[t * steps.classes + c] as number);
  }, 0);
}

const chain = fc.integer({ min: 1, max: 5 }).chain((n) =>
  fc.integer({ min: 2, max: 3 }).chain((K) =>
    fc.record({
      n: fc.constant(n),
      K: fc.constant(K),
      scores: fc.array(fc.integer({ min: -40, max: 40 }), { minLength: n * K, maxLength: n * K }),
      first: fc.array(fc.integer({ min: -30, max: 30 }), { minLength: K, maxLength: K }),
      next: fc.array(fc.integer({ min: -30, max: 30 }), { minLength: K * K, maxLength: K * K }),
    }),
  ),
);

type Chain = (typeof chain extends fc.Arbitrary<infer T> ? T : never) & {};

function built({ n, K, scores, first, next }: Chain): { matrix: DenseMatrix; steps: ChainSteps } {
  const tenths = (values: readonly number[]) => Float64Array.from(values, (value) => value / 10);
  return {
    matrix: { kind: 'dense', rows: n, columns: K, values: tenths(scores) },
    steps: { classes: K, first: tenths(first), next: tenths(next) },
  };
}

test('the best sequence is the best of all sequences', () => {
  fc.assert(
    fc.property(chain, (drawn) => {
      const { matrix, steps } = built(drawn);
      const all = sequences(drawn.n, drawn.K).map((sequence) => scoreOf(sequence, matrix, steps));
      const found = scoreOf([...bestSequence(matrix, steps)], matrix, steps);
      assert.ok(Math.abs(found - Math.max(...all)) < 1e-9);
    }),
  );
});

test('marginals and stretches are sums over all sequences', () => {
  fc.assert(
    fc.property(chain, (drawn) => {
      const { n, K } = drawn;
      const { matrix, steps } = built(drawn);
      const all = sequences(n, K).map((sequence) => ({
        sequence,
        weight: Math.exp(scoreOf(sequence, matrix, steps)),
      }));
      const total = all.reduce((sum, { weight }) => sum + weight, 0);
      const share = (holds: (sequence: readonly number[]) => boolean) =>
        all.filter(({ sequence }) => holds(sequence)).reduce((sum, { weight }) => sum + weight, 0) / total;
      const found = marginals(matrix, steps);
      for (let t = 0; t < n; t++) {
        for (let c = 0; c < K; c++) {
          const expected = share((sequence) => sequence[t] === c);
          assert.ok(Math.abs((found.probabilities.values[t * K + c] as number) - expected) < 1e-9);
        }
      }
      const start = Math.floor(n / 2);
      const wanted = n - start >= 2 ? [1, 0] : [1];
      const expected = share(
        (sequence) => wanted.every((c, i) => sequence[start + i] === c) && sequence[start + wanted.length] !== 1,
      );
      assert.ok(Math.abs(found.stretch(start, wanted, [1]) - expected) < 1e-9);
    }),
  );
});

const free: ChainMask = { first: new Uint8Array(2).fill(1), next: new Uint8Array(4).fill(1) };

/** Mean loss a row of a model, by enumeration, with the penalties of `trainChain`. */
function objectiveOf(
  model: { weights: Float64Array; bias: Float64Array; steps: ChainSteps },
  X: DenseMatrix,
  y: Int32Array,
  lengths: readonly number[],
  l2: number,
): number {
  let loss = 0;
  let from = 0;
  const scores = predictScores({ link: 'softmax', classes: 2, features: X.columns, ...model }, X);
  for (const n of lengths) {
    const part: DenseMatrix = { ...scores, rows: n, values: scores.values.slice(from * 2, (from + n) * 2) };
    const all = sequences(n, 2).map((sequence) => scoreOf(sequence, part, model.steps));
    const gold = scoreOf([...y.slice(from, from + n)], part, model.steps);
    loss += Math.log(all.reduce((sum, score) => sum + Math.exp(score), 0)) - gold;
    from += n;
  }
  const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
  const steps = squares(model.steps.first) + squares(model.steps.next);
  return (loss + 0.5 * l2 * squares(model.weights) + 0.05 * steps) / X.rows;
}

const X = denseMatrix(
  Array.from({ length: 12 }, (_, i) => [Math.sin(i * 1.7), Math.cos(i * 0.9)]),
  2,
);
const y = Int32Array.from([0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0]);
const lengths = [5, 3, 4];

test('training ends at a minimum of the penalised likelihood', () => {
  const model = trainChain(X, y, lengths, 2, { l2: 0.5, mask: free, tolerance: 1e-9, maxIterations: 500 });
  const best = objectiveOf(model, X, y, lengths, 0.5);
  for (const [name, values] of [
    ['weights', model.weights],
    ['bias', model.bias],
    ['first', model.steps.first],
    ['next', model.steps.next],
  ] as const) {
    for (let i = 0; i < values.length; i++) {
      for (const step of [-1e-3, 1e-3]) {
        const before = values[i] as number;
        values[i] = before + step;
        assert.ok(objectiveOf(model, X, y, lengths, 0.5) >= best - 1e-12, `${name}[${i}] ${step}`);
        values[i] = before;
      }
    }
  }
});

test('sparse and dense features give the same model', () => {
  const rows = Array.from({ length: X.rows }, (_, r) => [
    [0, X.values[r * 2] as number] as const,
    [1, X.values[r * 2 + 1] as number] as const,
  ]);
  const options = { l2: 0.5, mask: free, tolerance: 1e-9, maxIterations: 500 };
  const dense = trainChain(X, y, lengths, 2, options);
  const sparse = trainChain(sparseMatrix(rows, 2), y, lengths, 2, options);
  dense.weights.forEach((weight, i) => {
    assert.ok(Math.abs(weight - (sparse.weights[i] as number)) < 1e-5);
  });
});

test('a step that the mask forbids is never taken', () => {
  const never: ChainMask = { first: Uint8Array.from([1, 0]), next: Uint8Array.from([1, 1, 0, 1]) };
  const gold = Int32Array.from([0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1]);
  const model = trainChain(X, gold, [4, 4, 4], 2, { l2: 1, mask: never });
  const eager: DenseMatrix = { kind: 'dense', rows: 3, columns: 2, values: Float64Array.from([0, 50, 0, 50, 10, 0]) };
  assert.deepEqual([...bestSequence(eager, model.steps)], [0, 1, 1]);
});
