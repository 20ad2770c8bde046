import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkInputs, recordsOf } from '../../src/library/inputs.js';
import { isBadRow } from '../../src/record.js';

async function read(inputs: readonly unknown[]): Promise<string[]> {
  const found: string[] = [];
  for await (const record of recordsOf(inputs as never, 'text'))
    found.push(isBadRow(record) ? record.error : record.text);
  return found;
}

describe('an input that is none', () => {
  const circular: Record<string, unknown> = {};
  circular.text = circular;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /^input 2 is null; expected a text or an object of fields$/],
    [undefined, /^input 2 is missing;/],
    [5, /^input 2 is 5;/],
    [true, /^input 2 is true;/],
    [5n, /^input 2 is a bigint;/],
    [Symbol('x'), /^input 2 is a symbol;/],
    [() => 'x', /^input 2 is a function;/],
    [['a', 'b'], /^input 2 is an array;/],
    [[], /^input 2 is an array;/],
    [{}, /^no field "text"; it has no fields$/],
    [{ note: 'x' }, /^no field "text"; it has "note"\. Give the text as "text"$/],
    [{ text: null }, /^the field "text" is null/],
    [circular, /^input 2 cannot be read: .+$/],
  ];
  for (const [input, error] of cases) {
    it(`is an error in its place, and those after it are read: ${error.source}`, async () => {
      const [before, bad, after, ...more] = await read(['a', input, 'z']);
      assert.deepEqual([before, after, more], ['a', 'z', []]);
      assert.match(bad as string, error);
      assert.doesNotMatch(bad as string, /--\w/, 'no flag of the command line');
    });
  }
});

describe('inputs of a stream', () => {
  it('can be anything that is iterated, but not one text', () => {
    for (const inputs of [[], new Set(['a']), (function* () {})(), (async function* () {})()]) checkInputs(inputs);
    for (const inputs of [null, undefined, 5, {}, 'a text'])
      assert.throws(() => checkInputs(inputs), { code: 'SLM_USAGE', message: /^stream: the inputs are / });
  });
});
