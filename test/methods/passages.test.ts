import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passageOf } from '../../src/methods/passages.js';

test('rows of a table keep their lines in what a model reads, sentences stand in one', () => {
  assert.equal(passageOf(['One.', 'Two.']), 'One. Two.');
  assert.equal(
    passageOf(['Fares:', '| Single | Return |', '| £3 | £5 |', 'Dogs are free.', 'Cats, too.']),
    'Fares:\n| Single | Return |\n| £3 | £5 |\nDogs are free. Cats, too.',
  );
  assert.equal(passageOf(['One.'], 'Fares'), 'Fares: One.');
  assert.equal(passageOf(['| £3 | £5 |'], 'Fares'), 'Fares:\n| £3 | £5 |');
  assert.equal(passageOf(['茶馆三月开业。', '周一休息。']), '茶馆三月开业。周一休息。');
});
