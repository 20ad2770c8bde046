import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { taskTypes } from '../../src/task-types/index.js';
import { metricNamed } from '../helpers/metrics.js';

const context = { labels: [], multiLabel: false };

/** Whether an output counts as the right one: by each metric, and for comparing two systems. */
function judged(gold: string, text: string) {
  const pair = {
    id: '1',
    text: '',
    gold: { type: 'generate' as const, output: gold },
    output: { type: 'generate' as const, text, value: JSON.parse(text) as unknown },
    tags: [],
  };
  const value = (name: string) => metricNamed(name).prepare([pair], context).value();
  return [value('exact-output'), value('field-f1'), Number(taskTypes.generate.correct(pair))];
}

test('numbers that differ in any digit are different outputs', () => {
  for (const [gold, text] of [
    ['9007199254740993', '9007199254740992'],
    ['12345678901234567890', '12345678901234567000'],
    ['0.10000000000000000001', '0.1'],
    ['-1e400', '-1e401'],
    ['1', '-1'],
  ] as const) {
    assert.deepEqual(judged(gold, text), [0, 0, 0], `${gold} and ${text}`);
    assert.deepEqual(judged(`{"a":[${gold}]}`, `{"a":[${text}]}`), [0, 0, 0], `${gold} and ${text} inside`);
  }
});

test('numbers are equal by value, however they are written', () => {
  for (const [gold, text] of [
    ['12', '12.0'],
    ['1200', '1.2e3'],
    ['0', '-0'],
    ['0.0000001', '1e-7'],
    ['1e400', '10e399'],
    ['9007199254740993', '9007199254740993.00'],
  ] as const) {
    assert.deepEqual(judged(gold, text), [1, 1, 1], `${gold} and ${text}`);
    assert.deepEqual(judged(`{"a":[${gold}],"b":1}`, `{"b":1,"a":[${text}]}`), [1, 1, 1], `${gold} and ${text} inside`);
  }
});

test('an output is right if it is the same JSON value, whatever that is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(judged(text, JSON.stringify(JSON.parse(text), null, 2)), [1, 1, 1]);
    }),
  );
});
