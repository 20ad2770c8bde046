import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestion } from '../src/errors.js';

test('a word is suggested where it is close, and where something of what was written is left', () => {
  for (const [word, among, found] of [
    ['sentimant', ['ner', 'sentiment'], 'sentiment'],
    ['NER', ['ner', 'sentiment'], 'ner'],
    ['positiv', ['positive', 'negative'], 'positive'],
    ['yse', ['yes', 'no'], 'yes'],
    ['0', ['да', 'нет'], null],
    ['0', ['no', 'yes'], null],
    ['ab', ['cd'], null],
    ['hockey', ['tax', 'sports'], null],
    ['x', [], null],
  ] as const) {
    assert.equal(suggestion(word, among), found === null ? '' : ` Did you mean "${found}"?`, word);
  }
});
