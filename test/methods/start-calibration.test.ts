import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spread, startPool } from '../../src/methods/start-calibration.js';
import { fakeEngine } from '../helpers/fake-engine.js';

const pool = Array.from({ length: 200 }, (_, i) => i);
const engineOf = (bytes: number) => {
  const engine = fakeEngine();
  return { ...engine, model: { ...engine.model, bytes } };
};

describe('examples that are scored before the first answer', () => {
  it('are all on a small model', () => {
    assert.deepEqual(
      startPool({ engine: engineOf(1e6) }, pool, () => 25),
      pool,
    );
  });

  it('are as many as 500e9 bytes of weights allow: 20 of 25 tokens each for 1 GB, evenly over the list', () => {
    assert.deepEqual(
      startPool({ engine: engineOf(1e9) }, pool, () => 25),
      Array.from({ length: 20 }, (_, i) => i * 10),
    );
  });

  it('are fewer where a long prefix is read before them', () => {
    const after = (shared: number) => startPool({ engine: engineOf(1e9) }, pool, () => 25, shared).length;
    assert.deepEqual([0, 100, 200, 400, 590, 900].map(after), [20, 20, 16, 8, 0, 0]);
  });

  it('are all where calibration was asked for', () => {
    assert.deepEqual(
      startPool({ engine: engineOf(1e9), thorough: true }, pool, () => 25),
      pool,
    );
  });

  it('are none on a model too large for a single one', () => {
    assert.deepEqual(
      startPool({ engine: engineOf(40e9) }, pool, () => 25),
      [],
    );
  });
});

it('spreads evenly, the first one among them', () => {
  assert.deepEqual(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3), [0, 3, 6]);
});
