import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Candidate } from '../../src/methods/candidates/types.js';
import { createTimeEstimate } from '../../src/tune/expected-time.js';

const candidate = (key: string, reading?: string): Candidate => ({
  key,
  title: key,
  method: 'head',
  turn: 0,
  words: false,
  complexity: 1,
  layers: 1,
  ...(reading === undefined ? {} : { reading }),
  heldOut: async () => ({ outputs: [], tokensPerRecord: 0 }),
  finish: null,
});

describe('the expected time of trials', () => {
  it('is that of the same one before, by examples that are new to it', () => {
    const estimate = createTimeEstimate();
    const [quick, slow] = [candidate('quick'), candidate('slow')];
    assert.equal(estimate.expected({ candidate: quick, size: 200, fresh: 200, shared: false }), 0);
    estimate.note({ candidate: quick, size: 200, fresh: 200, shared: false }, 1000);
    estimate.note({ candidate: slow, size: 200, fresh: 200, shared: false }, 8000);
    assert.equal(estimate.expected({ candidate: quick, size: 600, fresh: 400, shared: false }), 2000);
    assert.equal(estimate.expected({ candidate: slow, size: 600, fresh: 400, shared: false }), 16_000);
  });

  it('of a new one is the mean of its kind: one that reads, or one that finds all read', () => {
    const estimate = createTimeEstimate();
    estimate.note({ candidate: candidate('a', 'states'), size: 100, fresh: 100, shared: false }, 5000);
    estimate.note({ candidate: candidate('b', 'states'), size: 100, fresh: 100, shared: true }, 300);
    assert.equal(
      estimate.expected({ candidate: candidate('c', 'others'), size: 100, fresh: 100, shared: false }),
      5000,
    );
    assert.equal(estimate.expected({ candidate: candidate('d', 'states'), size: 300, fresh: 200, shared: true }), 900);
    // The one that has to read now reads what another has read before.
    assert.equal(
      estimate.expected({ candidate: candidate('b', 'states'), size: 300, fresh: 200, shared: false }),
      10_000,
    );
  });

  it('is by tokens and blocks where it reads: one with ten times the tokens says little of another', () => {
    const estimate = createTimeEstimate();
    const [short, long] = [candidate('short'), candidate('long')].map((made, i) => ({ ...made, tokens: 20 * 10 ** i }));
    assert.ok(short !== undefined && long !== undefined);
    estimate.note({ candidate: short, size: 100, fresh: 100, shared: false }, 4000);
    assert.equal(estimate.expected({ candidate: long, size: 100, fresh: 100, shared: false }), 40_000);
    // 44,000 for 22,000 tokens of both.
    estimate.note({ candidate: long, size: 100, fresh: 100, shared: false }, 40_000);
    const deep = { ...candidate('deep'), tokens: 20, layers: 2 };
    assert.equal(estimate.expected({ candidate: deep, size: 100, fresh: 100, shared: false }), 8000);
  });

  it('of a new one goes by its own method, however slow another one is', () => {
    const estimate = createTimeEstimate();
    const scores = { ...candidate('scores'), method: 'label-likelihood' };
    estimate.note({ candidate: scores, size: 100, fresh: 100, shared: false }, 60_000);
    // Nothing is known of heads.
    assert.equal(estimate.expected({ candidate: candidate('a'), size: 100, fresh: 100, shared: false }), 60_000);
    estimate.note({ candidate: candidate('a'), size: 100, fresh: 100, shared: false }, 4000);
    estimate.note({ candidate: candidate('b'), size: 100, fresh: 100, shared: false }, 2000);
    assert.equal(estimate.expected({ candidate: candidate('c'), size: 100, fresh: 100, shared: false }), 3000);
  });

  it('counts what is prepared once for each new one, and not again for more examples', () => {
    const estimate = createTimeEstimate();
    // 9 s to make a file, 10 ms for each example.
    estimate.note({ candidate: candidate('a', 'states'), size: 100, fresh: 100, shared: false }, 10_000, 9000);
    assert.equal(
      estimate.expected({ candidate: candidate('a', 'states'), size: 300, fresh: 200, shared: false }),
      2000,
    );
    assert.equal(
      estimate.expected({ candidate: candidate('b', 'other'), size: 100, fresh: 100, shared: false }),
      10_000,
    );
    // A second file took 1 s.
    estimate.note({ candidate: candidate('b', 'other'), size: 100, fresh: 100, shared: false }, 2000, 1000);
    assert.equal(estimate.expected({ candidate: candidate('c', 'third'), size: 100, fresh: 100, shared: false }), 6000);
  });

  it('of one without a model says nothing of others', () => {
    const estimate = createTimeEstimate();
    const counting = { ...candidate('words'), layers: 0 };
    estimate.note({ candidate: counting, size: 100, fresh: 100, shared: false }, 500);
    assert.equal(estimate.expected({ candidate: candidate('a'), size: 100, fresh: 100, shared: false }), 0);
    assert.equal(estimate.expected({ candidate: counting, size: 300, fresh: 200, shared: false }), 1000);
  });

  it('of a method that was measured as the task is goes by that, until a trial tells more', () => {
    const estimate = createTimeEstimate({ method: 'head', msPerExample: 10 });
    const step = (key: string, size: number) => ({ candidate: candidate(key), size, fresh: size, shared: false });
    assert.equal(estimate.expected(step('a', 50)), 500);
    const scores = { ...candidate('s'), method: 'label-likelihood' };
    assert.equal(estimate.expected({ candidate: scores, size: 50, fresh: 50, shared: false }), 0);
    // What the task as it is has read is remembered: a trial that is so quick tells nothing about other examples.
    estimate.note(step('a', 50), 3);
    assert.equal(estimate.expected(step('a', 100)), 1000);
    estimate.note(step('a', 50), 600);
    assert.equal(estimate.expected(step('b', 100)), 1200);
  });
});
