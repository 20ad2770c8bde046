import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { candidatesFor, chooseShapes, type MeasuredCandidate } from '../../src/engines/llama/speed-probe.js';
import { defaultShape, shapeCandidates } from '../../src/engines/shape.js';

const shape = (slots: number, threadsPerSlot: number) => ({ slots, threadsPerSlot });

describe('the shape without having measured', () => {
  it('is a slot for each thread for streams, eight at most, which share the threads', () => {
    assert.deepEqual(
      [1, 2, 3, 8, 20].map((threads) => defaultShape(threads, 'many')),
      [shape(1, 1), shape(2, 1), shape(3, 1), shape(8, 1), shape(8, 2)],
    );
  });

  it('is all threads but one for a single record, where there are enough', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 16].map((threads) => defaultShape(threads, 'one')),
      [shape(1, 1), shape(2, 1), shape(3, 1), shape(1, 3), shape(1, 15)],
    );
  });
});

describe('what is measured', () => {
  it('never needs more threads than there are, begins with the default, and has nothing twice', () => {
    for (const threads of [1, 2, 3, 4, 6, 8, 16, 64]) {
      const shapes = shapeCandidates(threads);
      assert.deepEqual(shapes[0], defaultShape(threads, 'many'));
      assert.ok(shapes.every(({ slots, threadsPerSlot }) => slots * threadsPerSlot <= threads));
      assert.equal(new Set(shapes.map((each) => JSON.stringify(each))).size, shapes.length);
      assert.ok(shapes.length <= 16, `${shapes.length} shapes on ${threads} threads`);
    }
    assert.deepEqual(shapeCandidates(2), [shape(2, 1), shape(1, 2), shape(1, 1)]);
  });

  it('has other batches and attention with the default shape only', () => {
    const others = candidatesFor(4).filter(({ arithmetic }) => Object.keys(arithmetic).length > 0);
    assert.ok(others.length > 0);
    assert.ok(others.every((each) => each.shape.slots === 4 && each.shape.threadsPerSlot === 1));
  });
});

describe('the choice', () => {
  const usual = { many: shape(2, 1), one: shape(2, 1) };
  const measured = (
    slots: number,
    threadsPerSlot: number,
    tokensPerSecond: number[],
    more: Partial<MeasuredCandidate> = {},
  ): MeasuredCandidate => ({
    shape: shape(slots, threadsPerSlot),
    arithmetic: {},
    tokensPerSecond,
    sameNumbers: true,
    ...more,
  });

  it('is the fastest by the median, for streams and for one slot', () => {
    const found = [measured(2, 1, [100, 90, 400]), measured(1, 2, [120, 119, 121]), measured(1, 1, [60, 61, 59])];
    assert.deepEqual(chooseShapes(found, usual), { many: shape(1, 2), one: shape(1, 2) });
  });

  it('stays with the default where the gain is less than 5 %', () => {
    const found = [measured(2, 1, [100]), measured(1, 2, [104]), measured(1, 1, [100])];
    assert.deepEqual(chooseShapes(found, usual), usual);
  });

  it('never is what gives other numbers', () => {
    const found = [
      measured(2, 1, [100]),
      measured(1, 1, [50]),
      measured(1, 2, [300], { sameNumbers: false }),
      measured(2, 1, [300], { arithmetic: { flashAttention: true } }),
    ];
    assert.deepEqual(chooseShapes(found, usual), usual);
  });
});
