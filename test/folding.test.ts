import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, foldedWords } from '../src/folding.js';
import { runs } from '../src/scripts.js';

test('case, accents and ligatures make no difference', () => {
  for (const [one, other] of [
    ['Yesün', 'YESUN'],
    ['Zürich', 'zurich'],
    ['Straße', 'STRASSE'],
    ['Zu\u0308rich', 'Zürich'],
    ['Łódź', 'lodz'],
    ['Ærø', 'aero'],
    ['ﬁnd', 'FIND'],
    ['Ёлка', 'елка'],
    ['Ἀθήνα', 'Αθηνα'],
    ['İstanbul', 'istanbul'],
  ] as const)
    assert.equal(fold(one), fold(other), one);
});

test('marks that tell letters apart stay', () => {
  assert.notEqual(fold('が'), fold('か'));
  assert.notEqual(fold('ที่'), fold('ที'));
  assert.notEqual(fold('कि'), fold('क'));
  assert.equal(fold('각'), '각');
});

test('a word is cut where a script without blanks begins or ends', () => {
  assert.deepEqual(
    runs('GPU显卡2024年').map(({ text, isUnspaced }) => [text, isUnspaced]),
    [
      ['GPU', false],
      ['显卡', true],
      ['2024', false],
      ['年', true],
    ],
  );
  assert.deepEqual(foldedWords('Ça coûte 12 € – 共三元。'), ['ca', 'coute', '12', '共', '三', '元']);
});
