import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimise } from '../../src/linear/lbfgs.js';
import { multiplyTransposed } from '../../src/linear/multiply.js';
import { createRandom } from '../../src/random.js';

test('Rosenbrock’s valley is followed to its minimum at (1, 1)', () => {
  const result = minimise(
    (x, gradient) => {
      const [a, b] = x as unknown as [number, number];
      gradient[0] = -400 * a * (b - a * a) - 2 * (1 - a);
      gradient[1] = 200 * (b - a * a);
      return 100 * (b - a * a) ** 2 + (1 - a) ** 2;
    },
    Float64Array.of(-1.2, 1),
    { tolerance: 1e-9 },
  );
  assert.equal(result.converged, true);
  assert.ok(result.evaluations < 100);
  for (const value of result.x) assert.ok(Math.abs(value - 1) < 1e-7);
});

test('a badly scaled quadratic is solved, and a limit on the iterations is reported', () => {
  const quadratic = (x: Float64Array, gradient: Float64Array): number => {
    let value = 0;
    x.forEach((component, i) => {
      const scale = 10 ** (i % 5);
      gradient[i] = scale * (component - i);
      value += 0.5 * scale * (component - i) ** 2;
    });
    return value;
  };
  const { x } = minimise(quadratic, new Float64Array(30), { tolerance: 1e-8 });
  x.forEach((component, i) => {
    assert.ok(Math.abs(component - i) < 1e-6);
  });
  assert.equal(minimise(quadratic, new Float64Array(30), { maxIterations: 2 }).converged, false);
});

test('a function that is not a number at the start is an error', () => {
  assert.throws(() => minimise(() => Number.NaN, new Float64Array(1)), /NaN at the start/);
});

test('the tiled product is the plain one at sizes that do not fill tiles or panels', () => {
  const random = createRandom(3);
  for (const [m, n, k] of [
    [1, 1, 1],
    [4, 8, 16],
    [5, 7, 300],
    [9, 3, 513],
  ] as const) {
    const a = Float64Array.from({ length: m * k }, random.next);
    const b = Float64Array.from({ length: n * k }, random.next);
    const c = new Float64Array(m * n).fill(7);
    multiplyTransposed(a, b, c, m, n, k);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let t = 0; t < k; t++) sum += (a[i * k + t] as number) * (b[j * k + t] as number);
        assert.ok(Math.abs((c[i * n + j] as number) - sum) < 1e-10);
      }
    }
  }
});
