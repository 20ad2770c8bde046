import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { overlongWord, sentences, windows, words } from '../src/segment.js';
import type { Span } from '../src/types.js';

function cut(text: string, spans: readonly Span[]): string[] {
  return spans.map(({ start, end }) => text.slice(start, end));
}

const sentencesOf = (text: string) => cut(text, sentences(text));
const wordsOf = (text: string) => cut(text, words(text)).join('|');

/** Sorted, not empty, not overlapping, inside the text, and covering all that is not white space. */
function checkSpans(text: string, spans: readonly Span[]): void {
  let at = 0;
  for (const { start, end } of spans) {
    assert.ok(at <= start && start < end && end <= text.length, JSON.stringify({ text, start, end }));
    assert.match(text.slice(at, start), /^\s*$/);
    at = end;
  }
  assert.match(text.slice(at), /^\s*$/);
}

const piece = fc.constantFrom(
  ...[
    'Mr. ',
    'U.S. ',
    'J. ',
    'No. 5 ',
    'the ',
    'Ann',
    '. ',
    '! ',
    '?"',
    '\n',
    '\n\n',
    '# H\n',
    '- a\n',
    '1. ',
    "'s",
    '-',
    '’',
  ],
  ...['漢字。', 'かな', 'สวัสดี', '😀', '👩‍👩‍👧', '🇩🇪', 'e\u0301', '\u200d', '\r\n', '\u2028', '@me', '3.5', ' '],
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
);

describe('sentences', () => {
  it('end at . ! ? and not after abbreviations, initials and decimals', () => {
    assert.deepEqual(
      sentencesOf('Mr. Smith paid Dr. J. K. Rowling $3.50. He left! Why? See No. 5, e.g. Page 2 of it.'),
      ['Mr. Smith paid Dr. J. K. Rowling $3.50.', 'He left!', 'Why?', 'See No. 5, e.g. Page 2 of it.'],
    );
  });

  it('end after an abbreviation where a sentence clearly begins', () => {
    assert.deepEqual(sentencesOf('She joined the U.S. Army. He left the U.S. The end. So did I. Then we slept.'), [
      'She joined the U.S. Army.',
      'He left the U.S.',
      'The end.',
      'So did I.',
      'Then we slept.',
    ]);
  });

  it('go on after a quoted question when a small letter follows', () => {
    assert.deepEqual(sentencesOf('"Why?" he asked. "No."'), ['"Why?" he asked.', '"No."']);
  });

  it('go on over line ends, and end at blank lines, headings and list items', () => {
    assert.deepEqual(sentencesOf('# Title\nwrapped\ntext. More\r\n\r\nNext\n- one\n  still one\n2) two\n'), [
      '# Title',
      'wrapped\ntext.',
      'More',
      'Next',
      '- one\n  still one',
      '2) two',
    ]);
  });

  it('end at the full stops of other scripts', () => {
    assert.deepEqual(sentencesOf('今日は。元気ですか？はい。'), ['今日は。', '元気ですか？', 'はい。']);
  });

  it('cover the text', () => {
    fc.assert(
      fc.property(text, (all) => checkSpans(all, sentences(all))),
      { numRuns: 500 },
    );
  });

  it('take time in proportion to the length of a text', () => {
    const long = 'A sentence of some length, as they come. '.repeat(25_000);
    const start = performance.now();
    assert.equal(sentences(long).length, 25_000);
    // Measured: 0.2 s. V8's own segmenter on the whole megabyte takes minutes.
    assert.ok(performance.now() - start < 5000);
  });
});

describe('words', () => {
  it('keep names in one piece and split the possessive off', () => {
    assert.equal(wordsOf("Jean-Luc's and O'Brien’s Côte d'Ivoire"), "Jean-Luc|'s|and|O'Brien|’s|Côte|d'Ivoire");
    assert.equal(wordsOf("James' AT&T J. Smith George W. Bush"), "James|'|AT&T|J.|Smith|George|W.|Bush");
  });

  it('keep abbreviations and numbers in one piece', () => {
    assert.equal(wordsOf('the U.S., U.S.-led, Mr. Wu, Acme Inc.'), 'the|U.S.|,|U.S.-led|,|Mr.|Wu|,|Acme|Inc.');
    assert.equal(wordsOf('$1,000.50 at 12:30 on 1996-08-30, 5%.'), '$|1,000.50|at|12:30|on|1996-08-30|,|5|%|.');
    assert.equal(wordsOf('No. 5 says No.'), 'No.|5|says|No|.');
  });

  it('make every other mark a word of its own', () => {
    assert.equal(wordsOf('"Yes," (she) said...'), '"|Yes|,|"|(|she|)|said|...');
    assert.equal(wordsOf('@user_1 #tag 🇩🇪👩‍👩‍👧!'), '@user_1|#tag|🇩🇪|👩‍👩‍👧|!');
  });

  it('cut scripts without blanks by dictionary', () => {
    assert.equal(wordsOf('東京に2024年'), '東京|に|2024|年');
    assert.equal(wordsOf('สวัสดีครับ'), 'สวัสดี|ครับ');
  });

  it('cover the text', () => {
    fc.assert(
      fc.property(text, (all) => checkSpans(all, words(all))),
      { numRuns: 500 },
    );
  });
});

describe('windows', () => {
  const length = (part: string) => part.length;
  const of = (all: string, max: number, overlap = 0) => cut(all, windows(all, sentences(all), max, length, overlap));

  it('hold as many sentences as fit', () => {
    assert.deepEqual(of('One a. Two b. Three.', 13), ['One a. Two b.', 'Three.']);
    assert.deepEqual(of('One a. Two b. Three.', 100), ['One a. Two b. Three.']);
    assert.deepEqual(of('', 10), []);
  });

  it('repeat sentences when asked, as far as they fit', () => {
    assert.deepEqual(of('One. Two. Six. Ten.', 9, 1), ['One. Two.', 'Two. Six.', 'Six. Ten.']);
    assert.deepEqual(of('One. Two. Sixteen.', 9, 1), ['One. Two.', 'Sixteen.']);
  });

  it('cut a long sentence between words and a long word between characters', () => {
    assert.deepEqual(of('one two three', 7), ['one two', 'three']);
    assert.deepEqual(of('abcdefgh', 3), ['abc', 'def', 'gh']);
    assert.deepEqual(of('e\u0301e\u0301', 3), ['e\u0301', 'e\u0301']);
  });

  it('trust the size of the window, not the sum of its sentences', () => {
    // Costs one more for each blank, as a tokeniser might.
    const all = 'a. b. c.';
    const measure = (part: string) => part.length + part.split(' ').length - 1;
    assert.deepEqual(cut(all, windows(all, sentences(all), 6, measure)), ['a. b.', 'c.']);
  });

  it('measure a character of a long word once', () => {
    let calls = 0;
    const all = 'abcdefghij'.repeat(1000);
    windows(all, sentences(all), 10, (part) => {
      calls++;
      return part.length;
    });
    assert.ok(calls < 5000, `${calls} calls`);
  });

  it('lose nothing and keep the limit', () => {
    const max = fc.integer({ min: 2, max: 30 });
    fc.assert(
      fc.property(text, max, (all, limit) => {
        const spans = windows(all, sentences(all), limit, length);
        checkSpans(all, spans);
        for (const part of cut(all, spans)) assert.ok(part.length <= limit);
      }),
      { numRuns: 500 },
    );
  });

  it('advance and keep the limit with any overlap', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 60 }), fc.nat({ max: 5 }), (all, limit, overlap) => {
        const spans = windows(all, sentences(all), limit, length, overlap);
        for (const [index, { start, end }] of spans.entries()) {
          const before = spans[index - 1] ?? { start: -1, end: 0 };
          assert.ok(start > before.start && end > before.end && end - start <= limit);
          if (start > before.end) assert.match(all.slice(before.end, start), /^\s*$/);
        }
        assert.match(all.slice(spans.at(-1)?.end ?? 0), /^\s*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an overlong word', () => {
  it('is found where it stands, in a text of megabytes', () => {
    const long = 'QUJD'.repeat(3000);
    assert.deepEqual(overlongWord(`see ${long} there`), { start: 4, end: 12_004 });
    assert.equal(overlongWord('word '.repeat(500_000)), null);
    assert.equal(overlongWord(`${'x'.repeat(10_000)} ${'y'.repeat(10_000)}`), null);
    assert.deepEqual(overlongWord('漢字 abcdefg', 6), { start: 3, end: 10 });
  });

  it('is not a text in a script without blanks', () => {
    assert.equal(overlongWord('漢字'.repeat(50_000)), null);
    assert.equal(overlongWord('ภาษาไทย'.repeat(5000)), null);
    assert.deepEqual(overlongWord(`漢字${'x'.repeat(20_000)}`), { start: 2, end: 20_002 });
  });
});
