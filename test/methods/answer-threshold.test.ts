import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerThreshold } from '../../src/methods/passage-spans/answer-threshold.js';
import { unanswered } from '../../src/task-types/answer/values.js';
import type { AnswerOutput } from '../../src/types.js';
import { exampleWith } from '../helpers/profiles.js';

/** A question with its answer's score: right, wrong, or without an answer to give. */
type Case = readonly [score: number, kind: 'right' | 'wrong' | 'none'];

function thresholdOf(cases: readonly Case[], usual: number): number {
  const examples = cases.map(([, kind], i) =>
    exampleWith(`question ${i}`, {
      type: 'answer',
      answers: kind === 'none' ? [] : [kind === 'right' ? 'Oslo' : 'Rome'],
    }),
  );
  const outputs = cases.map(([score]): AnswerOutput => ({ ...unanswered(score, ''), answer: 'Oslo' }));
  return answerThreshold(examples, outputs, usual);
}

const repeated = (count: number, ...cases: readonly Case[]) =>
  Array.from({ length: count }, (_, i) => cases.map(([score, kind]): Case => [score + i / 1e4, kind])).flat();

test('a clear best threshold is taken, wherever the usual one is', () => {
  const cases = repeated(30, [0.8, 'right'], [0.7, 'right'], [0.2, 'none']);
  const min = thresholdOf(cases, 0.95);
  assert.ok(min > 0.2 && min < 0.71, `${min}`);
});

test('where thresholds are about as good, the one nearest to the usual one is taken', () => {
  // Between 0.3 and 0.6, right answers and needless ones are nearly as many.
  const cases = [
    ...repeated(30, [0.8, 'right'], [0.1, 'none']),
    ...repeated(10, [0.4, 'right'], [0.41, 'none']),
    [0.35, 'right'] as const,
  ];
  assert.ok(thresholdOf(cases, 0.5) > 0.4);
  assert.ok(thresholdOf(cases, 0.2) < 0.35);
});

test('answers that are never right are not given', () => {
  assert.ok(thresholdOf(repeated(40, [0.6, 'none'], [0.9, 'none']), 0.5) > 0.9);
});
