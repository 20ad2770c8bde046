import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nameCandidates, phraseCandidates } from '../../src/methods/span-scoring/spans.js';
import { words as wordsOf } from '../../src/segment.js';

function names(text: string): string[] {
  return nameCandidates(text, wordsOf(text)).map(({ start, end }) => text.slice(start, end));
}

function phrases(text: string, longest: number): string[] {
  return phraseCandidates(text, wordsOf(text), longest).map(({ start, end }) => text.slice(start, end));
}

describe('nameCandidates', () => {
  it('proposes runs of capitalised words', () => {
    assert.deepEqual(names('yesterday Ada Lovelace met Charles Babbage.'), ['Ada Lovelace', 'Charles Babbage']);
  });

  it('leaves out function words that only open the sentence', () => {
    assert.deepEqual(names('The minister went. In Berlin it rained.'), ['Berlin']);
  });

  it('keeps function words in capitals, which may be names', () => {
    assert.deepEqual(names('The WHO said so, and so did IT.'), ['WHO', 'IT']);
  });

  it('joins names over connectors, and proposes their parts too', () => {
    assert.deepEqual(names('the Bank of England fell'), ['Bank of England', 'Bank', 'England']);
    assert.deepEqual(names('Johnson & Johnson and Pfizer'), [
      'Johnson & Johnson and Pfizer',
      'Johnson',
      'Johnson',
      'Pfizer',
    ]);
  });

  it('does not begin or end with a connector', () => {
    assert.deepEqual(names('a professor of Physics of the'), ['Physics']);
  });

  it('knows names that begin with a small letter, and scripts without capitals', () => {
    assert.deepEqual(names('my iPhone and eBay'), ['iPhone and eBay', 'iPhone', 'eBay']);
    assert.ok(names('the city of 東京 in Japan').some((name) => name.includes('東京')));
  });

  it('finds nothing in a text without names', () => {
    assert.deepEqual(names('it rained all day, and nobody came.'), []);
    assert.deepEqual(names(''), []);
  });
});

describe('phraseCandidates', () => {
  it('proposes every short run that neither begins nor ends with a function word', () => {
    assert.deepEqual(phrases('severe pain in the chest', 3), ['severe', 'severe pain', 'pain', 'chest']);
    assert.deepEqual(phrases('severe pain in the chest', 4).at(3), 'pain in the chest');
  });

  it('does not cross punctuation', () => {
    assert.deepEqual(phrases('fever, chills', 4), ['fever', 'chills']);
  });
});

describe('whatever the text', () => {
  it('candidates are runs of whole words, without repeats', () => {
    const texts = fc
      .array(fc.constantFrom('Ada', 'of', 'the', 'IT', '&', '-', '東京', 'x', '.', "O'Brien", '3M', 'von'), {
        maxLength: 14,
      })
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(texts, (text) => {
        const words = wordsOf(text);
        for (const found of [nameCandidates(text, words), phraseCandidates(text, words, 4)]) {
          const keys = found.map(({ start, end }) => `${start} ${end}`);
          assert.equal(new Set(keys).size, keys.length);
          for (const { start, end } of found) {
            const first = words.findIndex((word) => word.start === start);
            const last = words.findIndex((word) => word.end === end);
            assert.ok(first !== -1 && last >= first && last - first < 8, text.slice(start, end));
          }
        }
      }),
    );
  });
});
