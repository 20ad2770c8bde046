import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFinite } from '../../src/engines/llama/no-numbers.js';
import { SlmError } from '../../src/errors.js';

test('values that are no finite numbers are an error of the model, with its file', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const at of [0, 1, 2]) {
      const values = Float64Array.from([0, -1e300, 5]);
      values[at] = value;
      assert.throws(
        () => checkFinite(values, 'm.gguf'),
        (error) =>
          error instanceof SlmError && error.kind === 'model' && /m\.gguf gives no numbers/u.test(error.message),
      );
    }
  }
  const finite = Float32Array.from([0, -1, 1e30]);
  assert.equal(checkFinite(finite, 'm.gguf'), finite);
});
