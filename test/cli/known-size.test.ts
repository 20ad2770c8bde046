import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withKnownSize } from '../../src/cli/terminal/known-size.js';

test('a terminal without a size gets one; others, and streams that are none, stay as they are', () => {
  const sized = (isTTY: boolean, columns: number, rows: number) => {
    const screen = withKnownSize({ isTTY, columns, rows }, 80);
    return [screen.columns, screen.rows];
  };
  assert.deepEqual(sized(true, 0, 0), [80, 24]);
  assert.deepEqual(sized(true, 132, 0), [132, 24]);
  assert.deepEqual(sized(true, 40, 10), [40, 10]);
  assert.deepEqual(sized(false, 0, 0), [0, 0]);
});
