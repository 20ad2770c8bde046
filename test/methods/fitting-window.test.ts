import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fittingWindow as fitting } from '../../src/methods/fitting-window.js';
import type { Passage } from '../../src/methods/passages.js';

const text = 'The fee is 5 euros. It is paid in May. 𐐷𐐷𐐷𐐷𐐷𐐷𐐷𐐷𐐷𐐷.';
const document = { id: 'a', source: 'a', text };
const passages = ['The fee is 5 euros.', 'It is paid in May.', '𐐷𐐷𐐷𐐷𐐷𐐷𐐷𐐷𐐷𐐷.'].map((own, place) => {
  const start = text.indexOf(own);
  return { document, start, end: start + own.length, text: own, heading: '', place } as unknown as Passage;
});
const fittingWindow = (window: readonly Passage[], fits: (part: readonly Passage[]) => boolean) =>
  fitting(window, (part) => part, fits).part;
const upTo = (room: number) => (part: readonly Passage[]) =>
  part.reduce((sum, { text: own }) => sum + own.length, 0) <= room;

test('a passage that fits stays as it is', () => {
  assert.equal(fittingWindow(passages, upTo(1000)), passages);
  assert.deepEqual(fittingWindow([], upTo(0)), []);
});

test('sentences are left out from the end, and one that is too long is cut between characters', () => {
  assert.deepEqual(fittingWindow(passages, upTo(40)), passages.slice(0, 2));
  assert.deepEqual(fittingWindow(passages, upTo(19)), passages.slice(0, 1));
  for (let room = 1; room <= 21; room++) {
    const [part, ...more] = fittingWindow(passages.slice(2), upTo(room)) as [Passage, ...Passage[]];
    assert.deepEqual(more, []);
    assert.ok(part.text.length <= room && part.text.isWellFormed());
    assert.equal(text.slice(part.start, part.end), part.text);
  }
});

test('it ends even where nothing fits', () => {
  assert.ok(fittingWindow(passages, () => false).length <= 1);
});
