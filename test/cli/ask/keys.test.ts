import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createKeyReader, type Key } from '../../../src/cli/ask/keys.js';

/** The keys of chunks that come one after the other. */
function keysOf(...chunks: string[]): Key[] {
  return chunks.flatMap(createKeyReader());
}

function textOf(keys: readonly Key[]): string {
  return keys.map((key) => (typeof key === 'string' ? `<${key}>` : key.text)).join('');
}

const esc = '\u001b';

/** As xterm, rxvt, the Linux console, PuTTY and kitty send them, and as colours, links and titles are written. */
const sequences = [
  ...['[1;5P', '[1;5Q', '[1;5S', '[1;5I', 'OP', '[[A', '[[5~', '[A', 'Oa', '[3~', '[3^', '[24;6~', '[200~', 'O5P'],
  ...['[31m', '[38;5;196m', '[38:2:1:2:3m', '[0m', '[?25l', '[>c', '[2 q', '[97;5u', ']0;title\u0007', '(B', 'b', 'é'],
  `]8;;https://example.org${esc}\\`,
].map((sequence) => esc + sequence);

const strings = new Set(sequences.filter((each) => each.startsWith(`${esc}]`)));

const sequence = fc.oneof(
  fc.constantFrom(...sequences),
  // CSI by ECMA-48 5.4: parameters 30–3F, intermediates 20–2F, a final 40–7E.
  fc
    .tuple(
      fc.string({ unit: fc.constantFrom(...'0123456789;:<=>?') }),
      fc.string({ unit: fc.constantFrom(...' !"#$%&\'()*+,-./'), maxLength: 2 }),
      fc.integer({ min: 0x40, max: 0x7e }).filter((code) => code !== 0x5b),
    )
    .map(([parameters, intermediates, final]) => `${esc}[${parameters}${intermediates}${String.fromCharCode(final)}`),
);

/** Without control characters: what is typed is what stands there. */
const words = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text));

describe('keys', () => {
  test('of one character are known', () => {
    assert.deepEqual(keysOf('\r', '\n', '\b', '\u007f', '\u0003', '\u0004', esc, esc + esc), [
      ...['enter', 'enter', 'erase', 'erase', 'interrupt', 'end', 'end', 'end'],
    ]);
    assert.deepEqual(keysOf('', '\u0001', '\u0000'), []);
  });

  test('that are sequences give nothing, each in a chunk of its own', () => {
    fc.assert(fc.property(sequence, (each) => assert.deepEqual(keysOf(each), [])));
  });

  test('of pasted text are its characters and line ends, whatever sequences are between and wherever it is cut', () => {
    const part = fc.oneof(
      words,
      sequence.map((each) => ({ each })),
      fc.constant('\r'),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), fc.nat(), (parts, where) => {
        const pasted = `x${parts.map((one) => (typeof one === 'string' ? one : one.each)).join('')}y`;
        const meant = `x${parts.filter((one) => typeof one === 'string').join('')}y`.replaceAll('\r', '<enter>');
        assert.equal(textOf(keysOf(pasted)), meant);
        // Strings such as titles end only where they came whole.
        if (parts.some((one) => typeof one !== 'string' && strings.has(one.each))) return;
        const cut = 1 + (where % (pasted.length - 1));
        assert.equal(textOf(keysOf(pasted.slice(0, cut), pasted.slice(cut))), meant);
      }),
    );
  });

  test('of a text that does not end what it begins are not lost', () => {
    assert.equal(textOf(keysOf(`a${esc}]0;no end`, 'b\r')), 'a0;no endb<enter>');
    assert.equal(textOf(keysOf(`${esc}[`, 'why?\r')), 'why?<enter>');
    assert.equal(textOf(keysOf('a\tb')), 'a b');
  });
});
