import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { readGgufHeader } from '../../src/gguf/header.js';
import { ggufFile } from '../helpers/tiny-gguf.js';

/** Strings of every length that needs another way to skip it: empty, beyond 255 and 65,535 bytes, beyond the window. */
const lengths = [0, 1, 255, 256, 65_535, 65_536, 70_000, 1 << 20, (1 << 20) + 1, 3 << 20];

test('what follows a long list of strings is read at its place, however long these are', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-gguf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'model.gguf');
  const tokens = Array.from({ length: 2000 }, (_, i) => 'x'.repeat(i % 37)).concat(lengths.map((n) => 'é'.repeat(n)));
  const after = { type: 0, name: 'after', shape: [32], data: Buffer.alloc(128) };
  const whole = ggufFile({ 'general.architecture': 'llama', tokens, last: 'the end' }, [after]);
  writeFileSync(file, whole);
  const header = readGgufHeader(file);
  assert.deepEqual(header.metadata.get('tokens')?.value, { elementType: 8, length: tokens.length, values: null });
  assert.equal(header.metadata.get('last')?.value, 'the end');
  assert.equal(header.tensors[0]?.name, 'after');
  assert.deepEqual(readGgufHeader(file, { arrays: ['tokens'] }).metadata.get('tokens')?.value, {
    elementType: 8,
    length: tokens.length,
    values: tokens,
  });
  for (const size of [100, 5000, 1 << 20, whole.length - 200])
    assert.throws(() => {
      writeFileSync(file, whole.subarray(0, size));
      readGgufHeader(file);
    }, /BrokenHeader/u);
});
