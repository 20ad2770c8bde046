import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { errorTally } from '../../src/cli/run/error-tally.js';

test('an error of many records is said once, with their number at the end', () => {
  const said: string[] = [];
  const tally = errorTally((text) => void said.push(text));
  for (const where of ['a:1', 'a:2', 'a:3']) tally.note(where, 'no field');
  tally.note('a:4', 'too long');
  tally.end();
  assert.deepEqual(said, ['a:1: no field', 'a:4: too long', '3 records: no field']);
});

test('errors that are all different are all said, and take no memory', () => {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  let said = 0;
  const tally = errorTally(() => void said++);
  tally.note('a:0', 'the same');
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let line = 1; line <= 300_000; line++) tally.note(`a:${line}`, `line ${line} is not valid JSON`.repeat(4));
  collect();
  // Remembered, they take 50 MB and more.
  assert.ok(process.memoryUsage().heapUsed - before < 30e6);
  assert.equal(said, 300_001);
  tally.note('a:300001', 'the same');
  tally.end();
  assert.equal(said, 300_002);
});
