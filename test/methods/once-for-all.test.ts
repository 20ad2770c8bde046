import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onceForAll } from '../../src/methods/candidates/once-for-all.js';
import { labelled } from '../helpers/profiles.js';

describe('what is fitted once for all examples', () => {
  const all = ['a', 'b', 'c'].map((text) => labelled(text, 'positive'));
  const counting = () => {
    const calls: string[][] = [];
    const fit = onceForAll(
      all,
      async (list) => {
        const texts = list.map(({ record }) => record.text);
        calls.push(texts);
        return texts;
      },
      (texts, rows) => rows.map((row) => texts[row] as string),
    );
    return { calls, fit };
  };

  it('is the same in whatever order they are asked for, with its rows in that order', async () => {
    const { calls, fit } = counting();
    const [a, b, c] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    assert.deepEqual(await fit([c, a, b]), ['c', 'a', 'b']);
    assert.deepEqual(await fit([b, a, c]), ['b', 'a', 'c']);
    assert.deepEqual(await fit(all), ['a', 'b', 'c']);
    assert.deepEqual(calls, [['a', 'b', 'c']]);
  });

  it('is another one for fewer examples, and for others', async () => {
    const { calls, fit } = counting();
    const part = all.slice(1);
    await fit(part);
    await fit(part);
    await fit([...part, labelled('d', 'positive')]);
    assert.deepEqual(calls, [
      ['b', 'c'],
      ['b', 'c', 'd'],
    ]);
  });
});
