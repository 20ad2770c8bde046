import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutVocabulary, writtenWith } from '../../src/gguf/alphabet.js';
import { byteCharacters, type Vocabulary } from '../../src/gguf/vocabulary.js';

test('latin writes the languages of western and central Europe, code and Windows-1252', () => {
  const texts = [
    '',
    'Plain ASCII, with "quotes", ~tildes~ and\ttabs\r\n',
    'À vrai dire, ça coûte 12,50 € — « très » cher…',
    'Zażółć gęślą jaźń; příliš žluťoučký kůň; árvíztűrő tükörfúrógép; şoför İğde; Țară șapcă; ñandú ¿qué?; Ærøskøbing',
    '‘single’ “double” „low“ ‚x‘ • † ‡ ‰ ‹ › ™ ƒ ˆ ˜ − ′ ″ ½ ± × ÷ § ¶ ° µ',
    'for (const x of y) { s += `x`; } // <T>&lt;',
  ];
  for (const text of texts) assert.ok(writtenWith('latin', text), text);
});

test('anything else is not written with latin', () => {
  const texts = [
    '🙂',
    '你好',
    'مرحبا',
    'привет',
    'Ελλάδα',
    '→',
    'ﬁ',
    '\u200b',
    '\ufeff',
    '▁',
    '\u0000',
    '\ud800',
    '≤',
    'ạ',
    'e\u0301',
  ];
  for (const text of texts) {
    assert.ok(!writtenWith('latin', text), text);
    assert.ok(!writtenWith('latin', `Long text before ${text} and after`), text);
  }
});

test('the alphabet of bytes is that of GPT-2', () => {
  assert.equal(new Set(byteCharacters).size, 256);
  assert.deepEqual(
    [byteCharacters[0x20], byteCharacters[0x0a], byteCharacters[0x41], byteCharacters[0xad]],
    ['Ġ', 'Ċ', 'A', 'Ń'],
  );
});

/** Joins neighbours until nothing joins, the best pair first, the leftmost of equal ones: what llama.cpp does. */
function merge(text: string, rank: (left: string, right: string) => number | undefined): string[] {
  const symbols = [...text];
  for (;;) {
    let best = -1;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const found = rank(symbols[i] as string, symbols[i + 1] as string);
      if (found !== undefined && found < bestRank) [best, bestRank] = [i, found];
    }
    if (best === -1) return symbols;
    symbols.splice(best, 2, `${symbols[best]}${symbols[best + 1]}`);
  }
}

const anyText = (alphabet: string) => fc.array(fc.constantFrom(...alphabet), { maxLength: 14 }).map((c) => c.join(''));
const anyTokens = (alphabet: string) =>
  fc.uniqueArray(
    fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 4 }).map((c) => c.join('')),
    { maxLength: 40 },
  );

test('SentencePiece: a text of the alphabet has the same tokens whatever the vocabulary', () => {
  fc.assert(
    fc.property(anyTokens('ab▁é中я🙂'), anyText('ab é'), (tokens, text) => {
      const vocabulary: Vocabulary = { kind: 'spm', tokens, ordinary: () => true, merges: [], roles: [] };
      const kept = cutVocabulary(vocabulary, 'latin').tokens.map((id) => tokens[id] as string);
      // The place in the list is the score, which cutting does not change.
      const tokenize = (known: readonly string[]) =>
        merge(text.replaceAll(' ', '▁'), (left, right) =>
          known.includes(left + right) ? tokens.indexOf(left + right) : undefined,
        ).map((symbol) => (known.includes(symbol) ? symbol : [...Buffer.from(symbol)].map((byte) => `<${byte}>`)));
      assert.deepEqual(tokenize(kept), tokenize(tokens));
      assert.ok(kept.every((token) => !/[中я🙂]/u.test(token)));
    }),
    { numRuns: 2000 },
  );
});

test('byte-level BPE: a text of the alphabet has the same tokens, even where a merge makes no token', () => {
  // Spelled bytes: a, b, é and the right quote in UTF-8, and the bytes of other scripts.
  const spelling = [...Buffer.from('ab é’中я🙂')].map((byte) => byteCharacters[byte] as string).join('');
  const anyMerges = fc.uniqueArray(fc.tuple(anyText(spelling), anyText(spelling)), { maxLength: 30 });
  fc.assert(
    fc.property(anyTokens(spelling), anyMerges, fc.array(fc.nat()), anyText('ab é’'), (extra, pairs, joins, text) => {
      // Merges of what merges make, so that they chain.
      const made = [...spelling];
      const merges: string[] = [];
      for (const [i, join] of joins.entries()) {
        const left = made[join % made.length] as string;
        const right = made[(joins[i + 1] ?? 7) % made.length] as string;
        merges.push(`${left} ${right}`);
        if (left.length + right.length < 6) made.push(left + right);
      }
      for (const [left, right] of pairs) if (left !== '' && right !== '') merges.push(`${left} ${right}`);
      const unique = [...new Set(merges)];
      // Some of what merges make is a token, some only a step to one.
      const tokens = [...new Set([...byteCharacters, ...extra, ...made.filter((_, i) => i % 3 === 0)])];
      const vocabulary: Vocabulary = { kind: 'bpe', tokens, ordinary: () => true, merges: unique, roles: [] };
      const cut = cutVocabulary(vocabulary, 'latin');
      const tokenize = (known: readonly string[], ranks: readonly string[]) =>
        merge([...Buffer.from(text)].map((byte) => byteCharacters[byte]).join(''), (left, right) => {
          const rank = ranks.indexOf(`${left} ${right}`);
          return rank === -1 ? undefined : rank;
        }).flatMap((symbol) => (known.includes(symbol) ? [symbol] : [...symbol]));
      const kept = cut.tokens.map((id) => tokens[id] as string);
      const keptMerges = cut.merges.map((rank) => unique[rank] as string);
      assert.deepEqual(tokenize(kept, keptMerges), tokenize(tokens, unique));
      assert.ok(byteCharacters.every((byte) => kept.includes(byte)));
    }),
    { numRuns: 1000 },
  );
});
