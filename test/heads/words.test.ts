import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { collectKeys, featureRows, wordFeatures } from '../../src/heads/word-features.js';
import { readWords } from '../../src/heads/word-reading.js';
import { words } from '../../src/segment.js';
import type { LocalEngine, Token } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';

function featuresOf(text: string): string[][] {
  return wordFeatures(text, words(text));
}

function shape(word: string): string | undefined {
  return wordFeatures(word, [{ start: 0, end: word.length }])[0]
    ?.find((feature) => feature.startsWith('s '))
    ?.slice(2);
}

describe('features of words', () => {
  it('have a shape: upper case, lower case, digits, other letters, runs cut at two', () => {
    const shapes = {
      Berlin: 'Xxx',
      NATO: 'XX',
      'U.S.': 'X.X.',
      iPhone15: 'xXxx99',
      '2024-02-29': '99-99-99',
      Łódź: 'Xxx',
      東京: 'oo',
      東京都: 'oo',
      'e\u0301te\u0301': 'xoxxo',
      '🙂🙂🙂': '🙂🙂',
      A1: 'X9',
    };
    assert.deepEqual(Object.fromEntries(Object.keys(shapes).map((word) => [word, shape(word)])), shapes);
  });

  it('name the word, its ends and its neighbours, with marks at both ends of the text', () => {
    const [first, second] = featuresOf('Ann sang');
    for (const feature of [
      'w Ann',
      'l ann',
      's Xxx',
      'p 0 Xxx',
      'b- < ann',
      'b+ ann sang',
      't < Xxx xx',
      'a2 an',
      'z2 nn',
    ])
      assert.ok(first?.includes(feature), feature);
    for (const feature of ['p 1 xx', 'b- ann sang', 'b+ sang >', 'e- ann', 'l-2 <', 'l1 >', 'a4 sang', 'z3 ang'])
      assert.ok(second?.includes(feature), feature);
  });

  it('tell a text in capitals from a word in capitals', () => {
    assert.ok(featuresOf('MARKETS FALL AGAIN')[0]?.includes('c 1 XX'));
    assert.ok(featuresOf('The NATO met')[1]?.includes('c 0 XX'));
  });

  it('cut words at characters, not in the middle of one', () => {
    const features = featuresOf('🙂')[0] ?? [];
    assert.ok(features.includes('a1 🙂') && features.includes('z1 🙂'));
  });
});

describe('hashed features', () => {
  it('have the same keys today and tomorrow', () => {
    // FNV-1a of "a" is e40c292c (www.isthe.com/chongo/tech/comp/fnv); then the finaliser of MurmurHash3.
    let hash = 0xe40c292c;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    assert.deepEqual([...collectKeys([['a']], 1)], [(hash ^ (hash >>> 16)) >>> 0]);
  });

  it('are those that enough words have, ascending', () => {
    const list = [
      ['a', 'b'],
      ['a', 'c'],
      ['a', 'b'],
    ];
    assert.equal(collectKeys(list, 1).length, 3);
    assert.deepEqual(collectKeys(list, 2), collectKeys([['a', 'b']], 1));
    const keys = [...collectKeys(featuresOf('Rosa Delgado lives in the Port of Valparaíso'), 1)];
    assert.deepEqual(
      keys,
      keys.toSorted((a, b) => a - b),
    );
  });

  it('make a row of ones, a column a key, and unknown ones nothing', () => {
    const keys = collectKeys([['a'], ['b'], ['c']], 1);
    const rows = featureRows(keys);
    const of = (feature: string) => [...keys].indexOf(collectKeys([[feature]], 1)[0] as number);
    const { offsets, indices, values, columns } = rows([['b', 'b', 'new'], [], ['c', 'a']]);
    assert.equal(columns, 3);
    assert.deepEqual([...offsets], [0, 1, 1, 3]);
    assert.deepEqual([...indices], [of('b'), ...[of('a'), of('c')].sort()]);
    assert.deepEqual([...values], [1, 1, 1]);
  });
});

/** A tokenizer whose tokens are bytes, so that characters are spread over tokens. */
function byteTokenizer(): Pick<LocalEngine, 'tokenize' | 'detokenize' | 'bos'> {
  return {
    bos: [256],
    tokenize: (text) => [...Buffer.from(text)],
    detokenize: (tokens) => Buffer.from(tokens.filter((token) => token < 256)).toString('utf8'),
  };
}

const pieces = [
  'Ann',
  ' ',
  '🙂',
  '👩‍👩‍👧',
  '漢字',
  'かな',
  'e\u0301',
  '\u0000',
  '\n',
  '\r\n',
  '\u2028',
  '\u0085',
  "'s",
  '-',
  '5,5',
  'مرحبا',
  '\t',
];
const ugly = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));

describe('reading words', () => {
  it('puts nothing before the text but what every prompt begins with', () => {
    const engine = fakeEngine();
    const { prompt } = readWords(engine, 'Ann sang', words('Ann sang'), 'once');
    assert.equal(engine.detokenize(prompt.prefix.flat()), '<bos>');
    assert.equal(engine.detokenize(prompt.input), ' Ann sang');
    const without = fakeEngine({ bos: false });
    const line = readWords(without, 'Ann', words('Ann'), 'once').prompt;
    assert.equal(without.detokenize(line.prefix.flat()), '\n');
  });

  it('looks after the last token of each word', () => {
    const engine = fakeEngine();
    const text = 'Rosalinda sang.';
    const { prompt, positions } = readWords(engine, text, words(text), 'once');
    // " Rosa" "lind" "a" " sang" "."
    assert.deepEqual(
      prompt.input.map((token) => engine.detokenize([token])),
      [' Rosa', 'lind', 'a', ' sang', '.'],
    );
    assert.deepEqual(positions, [2, 3, 4]);
  });

  it('reads the text twice with a line end between, and looks at the second time', () => {
    const engine = fakeEngine();
    const text = 'Ann sang';
    const once = readWords(engine, text, words(text), 'once');
    const twice = readWords(engine, text, words(text), 'twice');
    assert.equal(engine.detokenize(twice.prompt.input), ' Ann sang\n Ann sang');
    const offset = once.prompt.input.length + 1;
    assert.deepEqual(
      twice.positions,
      once.positions.map((position) => position + offset),
    );
  });

  it('turns into blanks what would act or break the line, and keeps all offsets', () => {
    const engine = fakeEngine();
    const text = 'a\nb\r\nc\u0000d\u2028e\u0085f\tg\ud800';
    const { prompt } = readWords(engine, text, words(text), 'once');
    assert.equal(engine.detokenize(prompt.input), ' a b  c d e f g\ufffd');
    const acting = 'Ann <eos> Bob';
    const shown = readWords(engine, acting, words(acting), 'twice').prompt;
    assert.deepEqual(engine.controlsIn(shown.input), []);
  });

  for (const [name, engine] of [
    ['letters', fakeEngine()],
    ['bytes', byteTokenizer()],
  ] as const) {
    for (const reading of ['once', 'twice'] as const) {
      it(`ends each word with the first token after which it is over: tokens of ${name}, read ${reading}`, () => {
        fc.assert(
          fc.property(ugly, (text) => {
            const list = words(text);
            const { prompt, positions } = readWords(engine, text, list, reading);
            const first = reading === 'once' ? 0 : prompt.input.length - engine.tokenize(shownOf(text)).length;
            const until = (position: number) => engine.detokenize(prompt.input.slice(first, position + 1) as Token[]);
            const shown = shownOf(text);
            assert.equal(positions.length, list.length);
            list.forEach(({ end }, i) => {
              const position = positions[i] as number;
              assert.ok(position >= first && position < prompt.input.length);
              assert.ok(until(position).startsWith(shown.slice(0, end + 1)), JSON.stringify({ text, i, end }));
              assert.ok(!until(position - 1).startsWith(shown.slice(0, end + 1)), 'one token earlier it is not over');
            });
          }),
        );
      });
    }
  }

  it('has no position where there is no word', () => {
    const { prompt, positions } = readWords(fakeEngine(), ' ', [], 'once');
    assert.deepEqual(positions, []);
    assert.ok(prompt.input.length > 0);
  });
});

/** The text as it is put before the model; written here anew. */
function shownOf(text: string): string {
  const blanks = new Set(['\u007f', '\u0085', '\u2028', '\u2029']);
  return ` ${Array.from(text.toWellFormed(), (char) => (char < ' ' || blanks.has(char) ? ' ' : char)).join('')}`;
}
