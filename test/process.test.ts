import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSlm } from './helpers/slm.js';

test('work whose promise nobody settles any more ends with a defect and exit code 1, not silently', async () => {
  const stuck = `Object.defineProperty(process, 'stdin', {
    value: { isTTY: false, [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) },
  });`;
  const { code, stderr } = await runSlm(['eval', 'sentiment', '-d', '-', '--data-format', 'jsonl'], {
    env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(stuck)}"` },
  });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /stopped before it was done/u);
  assert.match(stderr, /defect of slm/u);
});
