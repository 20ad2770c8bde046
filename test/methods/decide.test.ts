import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideLabel, decideLabels } from '../../src/methods/decide.js';
import type { ClassifyOutput, Label } from '../../src/types.js';

function scored(scores: Record<string, number>): ClassifyOutput {
  return { type: 'classify', labels: [], abstained: false, score: 0, scores };
}

/** In an order that is not the one of the scores, nor of the alphabet. */
const labels: Label[] = ['c', 'b', 'a'].map((name) => ({ name, description: '', word: name, aliases: [] }));

describe('decideLabel', () => {
  it('takes the most probable label', () => {
    const output = decideLabel(scored({ a: 0.2, b: 0.5, c: 0.3 }), { min: 0, below: 'abstain' }, labels);
    assert.deepEqual(output, { ...scored({ a: 0.2, b: 0.5, c: 0.3 }), labels: ['b'], score: 0.5 });
  });

  it('takes the first of equals in the order of the profile', () => {
    assert.deepEqual(decideLabel(scored({ a: 0.5, b: 0.5 }), { min: 0, below: 'abstain' }, labels).labels, ['b']);
  });

  it('takes a score that is exactly the threshold', () => {
    assert.deepEqual(decideLabel(scored({ a: 0.7, b: 0.3 }), { min: 0.7, below: 'abstain' }, labels).labels, ['a']);
  });

  it('abstains below the threshold, and still gives the best score', () => {
    const output = decideLabel(scored({ a: 0.6, b: 0.4 }), { min: 0.7, below: 'abstain' }, labels);
    assert.deepEqual([output.labels, output.abstained, output.score], [[], true, 0.6]);
  });

  it('falls back to the label of the profile below the threshold', () => {
    const output = decideLabel(scored({ a: 0.6, b: 0.4 }), { min: 0.7, below: 'b' }, labels);
    assert.deepEqual([output.labels, output.abstained, output.score], [['b'], false, 0.6]);
  });
});

describe('decideLabels', () => {
  it('takes every label at or above the threshold, in the order of the profile', () => {
    const output = decideLabels(scored({ a: 0.5, b: 0.49, c: 0.9 }), { min: 0.5, below: 'abstain' }, labels);
    assert.deepEqual([output.labels, output.abstained, output.score], [['c', 'a'], false, 0.9]);
  });

  it('may take none, which is not abstaining', () => {
    const output = decideLabels(scored({ a: 0.1, b: 0.2 }), { min: 0.5, below: 'abstain' }, labels);
    assert.deepEqual([output.labels, output.abstained, output.score], [[], false, 0.2]);
  });
});
