import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bm25Score } from '../../src/documents/ranking.js';
import { cosine, orderBySimilarity } from '../../src/documents/similar-windows.js';
import { byWindow, rankWindows } from '../../src/documents/window-ranking.js';

test('windows are ranked by their best sentences and by the words of the whole window', () => {
  const words: Readonly<Record<string, string[]>> = { a: ['red', 'x', 'x', 'x'], b: ['red', 'fox', 'y', 'y'] };
  const found = byWindow(
    [
      { id: 'a', score: 10 },
      { id: 'b', score: 8 },
      { id: 'b', score: 5 },
    ],
    ({ id }) => id,
  );
  assert.deepEqual(found, [
    { window: 'a', scores: [10] },
    { window: 'b', scores: [8, 5] },
  ]);
  const withTerm = (term: string) => (term === 'fox' ? 1 : 10);
  const ranked = rankWindows(found, ['red', 'fox'], (id) => words[id] as string[], withTerm, 100);
  // Sentences: 10, and 8 + 0.4 · 5 = 10. Words: both windows have the mean length.
  const [red, fox] = [bm25Score(1, 10, 100, 4, 4), bm25Score(1, 1, 100, 4, 4)];
  assert.equal(ranked[0]?.window, 'b');
  assert.equal(ranked[0]?.score, 1);
  assert.ok(Math.abs((ranked[1]?.score as number) - (1 + (2 * red) / (red + fox)) / 3) < 1e-12);
});

test('windows without a word of the question, and no windows, have no score', () => {
  assert.deepEqual(
    rankWindows(
      [],
      ['x'],
      () => [],
      () => 0,
      0,
    ),
    [],
  );
  const [only] = rankWindows(
    [{ window: 'a', scores: [2] }],
    ['x'],
    () => ['y'],
    () => 0,
    1,
  );
  assert.ok(Math.abs((only?.score as number) - 1 / 3) < 1e-12);
});

test('likeness orders the windows that it was computed for; the others stay behind them', () => {
  const windows = [0.9, 0.8, 0.7, 0.6].map((score) => ({ passages: [], score }));
  // 0.9 + 1.5 · 0, 0.8 + 1.5 · 0.2, 0.7 + 1.5 · 0.2
  assert.deepEqual(
    orderBySimilarity(windows, [0, 0.2, 0.2]).map(({ score }) => Math.round(score * 1000) / 1000),
    [1.1, 1, 0.9, 0.6],
  );
  assert.equal(cosine(Float32Array.of(0.6, 0.8), Float32Array.of(1, 0)), Math.fround(0.6));
});
