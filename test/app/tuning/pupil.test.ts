import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figure, judgedOn } from '../../../src/app/tuning/pupil.js';
import { correctionFrom } from '../../../src/methods/teaching.js';
import type { ClassifyOutput, Example, Output } from '../../../src/types.js';
import { labelOf, profileWith } from '../../helpers/profiles.js';

const profile = profileWith({ type: 'classify', labels: [labelOf('a'), labelOf('b')] });

function output(label: 'a' | 'b'): ClassifyOutput {
  const scores = label === 'a' ? { a: 0.9, b: 0.1 } : { a: 0.1, b: 0.9 };
  return { type: 'classify', labels: [label], score: 0.9, scores, abstained: false } as ClassifyOutput;
}

const gold = Array.from({ length: 40 }, (_, index): Example => {
  const origin = { file: 'gold', line: index + 1 };
  return {
    record: { index, id: `${index}`, text: `text ${index}`, fields: {}, added: null, origin },
    gold: { type: 'classify', labels: [index % 2 === 0 ? 'a' : 'b'] },
  };
});

test('teacher and pupil are judged by the same rows, without those that the teacher failed at', () => {
  const rightOutputs = gold.map((_, i) => output(i % 2 === 0 ? 'a' : 'b'));
  for (const isCorrected of [true, false]) {
    for (const failed of [0, 1, 8]) {
      const goldOutputs = rightOutputs.map((each, i) => (i < failed ? null : each));
      const correction = isCorrected ? correctionFrom(profile, gold, goldOutputs, 1) : null;
      assert.equal(correction !== null, isCorrected);
      const seen: [readonly Example[], readonly Output[]][] = [];
      const figureOf = (...rows: [readonly Example[], readonly Output[]]): Figure => {
        seen.push(rows);
        return { value: 1, low: 1, high: 1 };
      };
      const judged = judgedOn(gold, { goldOutputs, correction }, rightOutputs, figureOf);
      assert.deepEqual([judged?.n, judged?.failed], [40 - failed, failed]);
      const [teacher, pupil] = seen;
      assert.deepEqual(teacher?.[0], gold.slice(failed));
      assert.deepEqual(pupil, [gold.slice(failed), rightOutputs.slice(failed)]);
      assert.equal(teacher?.[1].length, 40 - failed);
    }
  }
});

test('without a row that the teacher could do, nothing is judged', () => {
  const figureOf = () => assert.fail('nothing to measure');
  assert.equal(judgedOn(gold, { goldOutputs: gold.map(() => null), correction: null }, null, figureOf), null);
  assert.equal(judgedOn([], { goldOutputs: [], correction: null }, null, figureOf), null);
});
