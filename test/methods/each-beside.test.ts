import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachBeside } from '../../src/methods/each-beside.js';

/** Works that note when they begin and end; each takes so many turns. */
function works(turns: readonly number[]) {
  const events: string[] = [];
  const all = turns.map((count, i) => async () => {
    events.push(`${i} begins`);
    for (let at = 0; at < count; at++) await null;
    events.push(`${i} ends`);
    return i;
  });
  return { events, all };
}

test('works go on at the same time on free slots, and their results keep the order', async () => {
  const { events, all } = works([5, 1]);
  assert.deepEqual(await eachBeside<number[]>({ beside: (work) => work() }, all), [0, 1]);
  assert.deepEqual(events, ['1 begins', '0 begins', '1 ends', '0 ends']);
});

test('without free slots, one begins when the one before has ended', async () => {
  const { events, all } = works([2, 1, 1]);
  assert.deepEqual(await eachBeside<number[]>({ beside: () => null }, all), [0, 1, 2]);
  assert.deepEqual(events, ['0 begins', '0 ends', '1 begins', '1 ends', '2 begins', '2 ends']);
});

test('the first failure is thrown, and a later one of what was begun troubles nobody', async () => {
  const failing = (name: string) => async () => Promise.reject(new Error(name));
  await assert.rejects(eachBeside({ beside: (work) => work() }, [failing('a'), failing('b')]), /a/u);
});
