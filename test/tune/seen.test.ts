import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textList, unseen } from '../../src/tune/seen.js';
import { labelled } from '../helpers/profiles.js';

const texts = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => labelled(`text ${from + i}`, 'positive'));

test('a list of texts knows its own and no others, in a few bytes each', () => {
  const list = textList(texts(0, 1000));
  assert.ok(list.length < 6000, `${list.length} characters`);
  assert.deepEqual(unseen(texts(900, 1100), list), texts(1000, 1100));
  assert.deepEqual(unseen([labelled(' text 7\n', 'negative')], list), []);
  assert.deepEqual(unseen(texts(0, 2), textList([])), texts(0, 2));
});
