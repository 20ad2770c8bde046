import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { occurrences, offsetsFromUtf16, offsetsToUtf16, overlaps, trimSpan, trimUnseen } from '../src/spans.js';

/** Astral characters, combining marks, ZWJ sequences, and long enough to cross the inner blocks. */
const text = fc
  .array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('😀', 'e\u0301', '👩‍👩‍👧', 'ß', '漢', 'x'.repeat(254))),
  )
  .map((parts) => parts.join(''));
const units = fc.constantFrom('codepoint', 'utf16', 'byte');

describe('offsets', () => {
  it('count code points, code units or bytes', () => {
    const at = 'a😀é漢b'.indexOf('b');
    assert.equal(offsetsFromUtf16('a😀é漢b', 'codepoint')(at), 4);
    assert.equal(offsetsFromUtf16('a😀é漢b', 'utf16')(at), 5);
    assert.equal(offsetsFromUtf16('a😀é漢b', 'byte')(at), 1 + 4 + 2 + 3);
  });

  it('agree with counting at every border between code points', () => {
    fc.assert(
      fc.property(text, (all) => {
        const codePoint = offsetsFromUtf16(all, 'codepoint');
        const byte = offsetsFromUtf16(all, 'byte');
        let at = 0;
        let count = 0;
        let bytes = 0;
        for (const character of all) {
          assert.deepEqual([codePoint(at), byte(at)], [count, bytes]);
          at += character.length;
          count++;
          bytes += Buffer.byteLength(character);
        }
        assert.deepEqual([codePoint(at), byte(at)], [count, bytes]);
      }),
    );
  });

  it('survive there and back', () => {
    fc.assert(
      fc.property(text, units, (all, unit) => {
        const there = offsetsFromUtf16(all, unit);
        const back = offsetsToUtf16(all, unit);
        let at = 0;
        for (const character of all) {
          assert.equal(back(there(at)), at);
          at += character.length;
        }
        assert.equal(back(there(at)), all.length);
      }),
    );
  });

  it('count an offset inside a pair as the place before it', () => {
    assert.equal(offsetsFromUtf16('a😀', 'codepoint')(2), 1);
  });
});

describe('spans', () => {
  it('overlap when they share a character', () => {
    assert.equal(overlaps({ start: 0, end: 2 }, { start: 1, end: 3 }), true);
    assert.equal(overlaps({ start: 0, end: 2 }, { start: 2, end: 3 }), false);
  });

  it('lose the white space at their ends', () => {
    assert.deepEqual(trimSpan(' a b\n', { start: 0, end: 5 }), { start: 1, end: 4 });
    assert.equal(trimSpan(' \n', { start: 0, end: 2 }), null);
  });

  it('lose what nobody sees at their ends, and keep what belongs to a character', () => {
    const ends = (text: string) => {
      const span = trimUnseen(text, { start: 0, end: text.length });
      return span === null ? null : text.slice(span.start, span.end);
    };
    assert.equal(ends('\0\u200b\u2060 Ann\u00ad\u200d\u0007Lee\ufeff\u202e\n'), 'Ann\u00ad\u200d\u0007Lee');
    assert.equal(ends('\0\u200b'), null);
    for (const kept of ['❤\ufe0f', '👩\u200d👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '\u0600\u0661']) assert.equal(ends(kept), kept);
  });

  it('are found wherever a quote stands', () => {
    assert.deepEqual(occurrences('aaab', 'aa'), [{ start: 0, end: 2 }]);
    assert.deepEqual(occurrences('abab', 'ab'), [
      { start: 0, end: 2 },
      { start: 2, end: 4 },
    ]);
    assert.deepEqual(occurrences('ab', ''), []);
  });
});
