import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSharedPart } from '../../src/methods/passage-spans/answerability.js';

const whole = ({ prefix, input }: { prefix: readonly (readonly number[])[]; input: readonly number[] }) => [
  ...prefix.flat(),
  ...input,
];

test('two prompts of one passage share its tokens as a part, and stay what they were', () => {
  const a = { prefix: [[1, 2]], input: [3, 4, 5, 6] };
  const b = { prefix: [[1, 2]], input: [3, 4, 7] };
  const [one, other] = withSharedPart(a, b);
  assert.deepEqual(one, {
    prefix: [
      [1, 2],
      [3, 4],
    ],
    input: [5, 6],
  });
  assert.deepEqual(other, {
    prefix: [
      [1, 2],
      [3, 4],
    ],
    input: [7],
  });
});

test('the last token of a prompt is never shared: a model is asked after it', () => {
  const a = { prefix: [[1]], input: [2, 3] };
  const [one, other] = withSharedPart(a, { prefix: [[1]], input: [2, 3, 4] });
  assert.deepEqual(whole(one), [1, 2, 3]);
  assert.deepEqual(whole(other), [1, 2, 3, 4]);
  assert.deepEqual(one.input, [3]);
  assert.deepEqual(other.input, [3, 4]);
});

test('prompts with nothing in common have no shared part', () => {
  const [one, other] = withSharedPart({ prefix: [[1]], input: [2] }, { prefix: [[5]], input: [6] });
  assert.deepEqual(one, { prefix: [], input: [1, 2] });
  assert.deepEqual(other, { prefix: [], input: [5, 6] });
});
