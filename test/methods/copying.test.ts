import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  advance,
  beginnings,
  type CopyState,
  complete,
  continuations,
  copiedSpan,
  type SourceWord,
  sourceWords,
} from '../../src/methods/copying.js';
import { words as wordsOf } from '../../src/segment.js';
import type { Token } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';

function source(text: string) {
  const engine = fakeEngine();
  return { engine, words: sourceWords(engine, text, wordsOf(text)) };
}

function follow(words: readonly SourceWord[], tokens: readonly Token[]): CopyState[] {
  let states = beginnings(words);
  for (const token of tokens) states = advance(words, states, token);
  return states;
}

describe('sourceWords', () => {
  it('gives each word its tokens with the space before it, and punctuation none', () => {
    const { engine, words } = source('Anna lives,  abroad');
    assert.deepEqual(
      words.map((word) => word.tokens.map((token) => engine.detokenize([token]))),
      [[' Anna'], [' live', 's'], [','], [' abro', 'ad']],
    );
    assert.deepEqual(
      words.map(({ start, end }) => [start, end]),
      [
        [0, 4],
        [5, 10],
        [10, 11],
        [13, 19],
      ],
    );
  });

  it('knows the tokens of a word that begins a turn, without a space', () => {
    const engine = fakeEngine();
    const words = sourceWords(engine, 'Anna lives', wordsOf('Anna lives'), '');
    const text = (tokens: readonly Token[]) => tokens.map((token) => engine.detokenize([token])).join('');
    assert.deepEqual(
      words.map(({ opening }) => text(opening)),
      ['Anna', 'lives'],
    );
    const copied = [...engine.tokenize('Anna'), ...engine.tokenize(' lives')];
    assert.deepEqual(
      complete(words, follow(words, copied)).map((state) => copiedSpan(words, state)),
      [{ start: 0, end: 10 }],
    );
    assert.deepEqual(follow(words, engine.tokenize(' Anna')), []);
  });

  it('has no control tokens, whatever the source says', () => {
    const { engine, words } = source('a <|end|> <bos>');
    assert.deepEqual(engine.controlsIn(words.flatMap((word) => word.tokens)), []);
  });
});

describe('a copy', () => {
  it('can begin at any word and goes on with the next one', () => {
    const { engine, words } = source('the cat saw the dog');
    const text = (tokens: readonly Token[]) => tokens.map((token) => engine.detokenize([token])).sort();
    assert.deepEqual(text(continuations(words, beginnings(words))), [' cat', ' dog', ' saw', ' the']);
    const the = engine.tokenize(' the');
    assert.deepEqual(text(continuations(words, follow(words, the))), [' cat', ' dog']);
    assert.deepEqual(follow(words, engine.tokenize(' cat the')), []);
  });

  it('is complete at the end of a word only', () => {
    const { engine, words } = source('Berlin airport');
    const [first, second] = engine.tokenize(' Berlin') as [Token, Token];
    assert.equal(complete(words, follow(words, [first])).length, 0);
    const [state] = complete(words, follow(words, [first, second]));
    assert.deepEqual(copiedSpan(words, state as CopyState), { start: 0, end: 6 });
    assert.equal(complete(words, beginnings(words)).length, 0);
  });

  it('ends with the source', () => {
    const { engine, words } = source('one two');
    assert.deepEqual(continuations(words, follow(words, engine.tokenize(' two'))), []);
  });

  it('keeps apart the places where the same words stand', () => {
    const { engine, words } = source('New York, not New Delhi');
    const states = complete(words, follow(words, engine.tokenize(' New')));
    assert.deepEqual(
      states.map((state) => copiedSpan(words, state).start),
      [0, 14],
    );
    assert.equal(follow(words, engine.tokenize(' New Delh')).length, 1);
  });

  it('of nothing is nothing', () => {
    assert.deepEqual(beginnings([]), []);
    assert.deepEqual(continuations([], []), []);
  });
});

describe('whatever path is taken', () => {
  const word = fc.oneof(
    fc.constantFrom('a', 'ab', 'abcd', 'abcde', 'New', 'York', "'s", ',', '.', '😀', 'ß', '東京', '<|end|>', '-'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 9 }),
  );
  const texts = fc
    .array(fc.tuple(word, fc.constantFrom(' ', '', '\n', '  ')), { minLength: 1, maxLength: 12 })
    .map((parts) => parts.flat().join(''));

  it('a complete copy is a run of whole words of the source, spelled as the tokens say', () => {
    fc.assert(
      fc.property(texts, fc.infiniteStream(fc.nat(1000)), fc.nat(20), (text, choices, length) => {
        const { engine, words } = source(text);
        let states = beginnings(words);
        const path: Token[] = [];
        for (let step = 0; step < length; step++) {
          const allowed = continuations(words, states);
          if (allowed.length === 0) break;
          const token = allowed[(choices.next().value as number) % allowed.length] as Token;
          path.push(token);
          states = advance(words, states, token);
          assert.ok(states.length > 0, 'an allowed token leads somewhere');
        }
        for (const state of complete(words, states)) {
          const span = copiedSpan(words, state);
          assert.ok(words.some((candidate) => candidate.start === span.start));
          assert.ok(words.some((candidate) => candidate.end === span.end));
          const copied = words.slice(state.first, state.word + 1).flatMap((candidate) => candidate.tokens);
          assert.deepEqual(copied, path);
          const spelled = engine.detokenize(path).replace(/\s/gu, '');
          assert.equal(spelled, text.slice(span.start, span.end).replace(/\s/gu, ''));
        }
      }),
    );
  });

  it('no copy crosses from one group into the next', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 2, maxLength: 10 }),
        fc.infiniteStream(fc.nat(1000)),
        (sizes, choices) => {
          const engine = fakeEngine();
          const text = sizes.map(() => 'same').join(' ');
          let group = 0;
          const spans = sizes.map((size, i) => ({ start: i * 5, end: i * 5 + 4, group: size === 0 ? ++group : group }));
          const words = sourceWords(engine, text, spans);
          let states = beginnings(words);
          for (;;) {
            const allowed = continuations(words, states);
            if (allowed.length === 0) break;
            states = advance(words, states, allowed[(choices.next().value as number) % allowed.length] as Token);
            for (const { first, word: last } of states) assert.equal(words[first]?.group, words[last]?.group);
          }
        },
      ),
    );
  });
});
