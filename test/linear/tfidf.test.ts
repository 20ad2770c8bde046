import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitTfidf, tfidfTransform } from '../../src/linear/tfidf.js';

/*
 * Reference: scikit-learn 1.9.1, TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r'\w+') and
 * TfidfVectorizer(analyzer='char_wb', ngram_range=(2, 5), sublinear_tf=True).
 */
const texts = ['the cat sat', 'a cat cat ran', 'the dog'];
const tfidf = fitTfidf(texts);

function weights(text: string): Map<string, number> {
  const { indices, values } = tfidfTransform(tfidf)([text]);
  return new Map(Array.from(indices, (column, e) => [tfidf.terms[column] as string, values[e] as number]));
}

test('terms and weights are those of scikit-learn', () => {
  assert.equal(tfidf.terms.filter((term) => term.startsWith('w:')).length, 12);
  assert.equal(tfidf.terms.filter((term) => term.startsWith('c:')).length, 50);
  const found = weights('a cat cat ran');
  for (const [term, value] of [
    ['w:a', 0.3875467],
    ['w:cat', 0.4990369],
    ['w:cat cat', 0.3875467],
    ['c: c', 0.2367557],
    ['c: cat ', 0.2367557],
    ['c:ran ', 0.1838619],
    ['c: a ', 0.1838619],
  ] as const) {
    assert.ok(Math.abs((found.get(term) ?? 0) - value) < 1e-6, `${term}: ${found.get(term)}`);
  }
});

test('unknown terms are left out before the length is made 1', () => {
  const found = weights('cat bird the cat');
  assert.ok(Math.abs((found.get('w:cat') ?? 0) - 0.71576292) < 1e-6);
  assert.equal(found.has('w:bird'), false);
});

test('a text without known terms is an empty row', () => {
  assert.equal(weights('').size, 0);
  assert.equal(weights('§§§').size, 0);
});

test('terms of too few texts are dropped', () => {
  assert.deepEqual(
    fitTfidf(texts, { minimumTexts: 2 }).terms.filter((term) => term.startsWith('w:')),
    ['w:the', 'w:cat'],
  );
});
