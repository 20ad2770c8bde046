import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deepestJson, isExactNumber, JsonProblem, parseJson, stringifyJson, withPlainNumbers } from '../src/json.js';

const digits = [
  '1234567890123456789',
  '1234567890123456788',
  '-9007199254740993',
  '1e400',
  '-0',
  '0.1000000000000000055511151231257827',
  '19.90',
  '1.0',
  '1E5',
];

describe('JSON with its numbers as they are written', () => {
  for (const number of digits) {
    it(`hands on ${number}`, () => {
      const text = `{"id":${number},"list":[${number},{"x":${number}}],"text":"${number}"}`;
      assert.equal(stringifyJson(parseJson(text)), text);
    });
  }

  it('keeps numbers that JavaScript writes the same way as numbers', () => {
    assert.deepEqual(parseJson('{"a":1,"b":-2.5,"c":[0]}'), { a: 1, b: -2.5, c: [0] });
    assert.equal(isExactNumber(parseJson('12')), false);
    assert.deepEqual(withPlainNumbers(parseJson('[{"start":1.0}]')), [{ start: 1 }]);
  });

  it('is what JSON.parse and JSON.stringify give, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        assert.equal(stringifyJson(parseJson(text)), text);
      }),
    );
  });

  it('takes the last of two equal keys, and a key that is called __proto__', () => {
    assert.equal(
      stringifyJson(parseJson('{"a":1.0,"a":2.0,"__proto__":{"b":3.0}}')),
      '{"a":2.0,"__proto__":{"b":3.0}}',
    );
  });

  it('refuses what is nested so deep that it could not be written again', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(stringifyJson(parseJson(nested(deepestJson))), nested(deepestJson));
    for (const depth of [deepestJson + 1, 5000, 1_000_000])
      assert.throws(() => parseJson(`{"d":${nested(depth)}}`), {
        message: new RegExp(`nested ${depth + 1} levels deep`),
      });
  });

  it('reads digits in a string as text, and those beside it as they are written', () => {
    for (const text of ['"costs 19.90 \\\\"', '"\\" 1e5 \\\\\\""'])
      for (const number of ['2', '2.50']) {
        const { t, n } = parseJson(`{"t":${text},"n":${number}}`) as { t: unknown; n: unknown };
        assert.equal(t, JSON.parse(text));
        assert.equal(isExactNumber(n), number === '2.50', `${text} ${number}`);
      }
  });

  it('does not count brackets in strings', () => {
    const text = JSON.stringify({ text: `\\"${'['.repeat(1000)}"` });
    assert.equal(stringifyJson(parseJson(text)), text);
  });

  it('says where text is no JSON', () => {
    assert.throws(
      () => parseJson('{"a":1,}'),
      (error) => error instanceof JsonProblem && error.position === 7,
    );
  });
});
