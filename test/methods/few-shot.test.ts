import assert from 'node:assert/strict';
import { it } from 'node:test';
import { balancedExamples, withoutExamples } from '../../src/methods/few-shot.js';
import { exampleWith, labelled, labelOf } from '../helpers/profiles.js';

const labels = [labelOf('a'), labelOf('b'), labelOf('c')];
const examples = [
  labelled('a1', 'a'),
  labelled('a2', 'a'),
  labelled('a3', 'a'),
  labelled('b1', 'b'),
  labelled('c1', 'c'),
  labelled('c2', 'c'),
];
const texts = (count: number) => balancedExamples(examples, labels, count).map((example) => example.record.text);

it('shots are the first of each label in turn', () => {
  assert.deepEqual(texts(3), ['a1', 'b1', 'c1']);
  assert.deepEqual(texts(4), ['a1', 'b1', 'c1', 'a2']);
});

it('shots go on with the labels that have more', () => {
  assert.deepEqual(texts(6), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  assert.deepEqual(texts(99), texts(6));
});

it('no shots are asked for or there', () => {
  assert.deepEqual(texts(0), []);
  assert.deepEqual(balancedExamples([], labels, 3), []);
  assert.deepEqual(balancedExamples([exampleWith('x', { type: 'answer', answers: [] })], labels, 3), []);
});

it('what is no shot is left for calibration, in order', () => {
  const shots = balancedExamples(examples, labels, 4);
  assert.deepEqual(
    withoutExamples(examples, shots).map((example) => example.record.text),
    ['a3', 'c2'],
  );
});
