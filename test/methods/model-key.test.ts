import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { lastingName, modelKey } from '../../src/methods/model-key.js';

test('a file that nobody hashes is told from another one in its place', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'mine.gguf');
  const model = { name: 'mine', path: file, sha256: null };
  writeFileSync(file, 'one');
  const before = modelKey({ model });
  assert.equal(modelKey({ model }), before);
  writeFileSync(file, 'another');
  assert.notEqual(modelKey({ model }), before);
  assert.equal(lastingName({ model }), file);
});

test('a digest says all, and a service has its name', () => {
  const known = { model: { name: 'mine', path: '/nowhere/mine.gguf', sha256: 'ab12' } };
  assert.deepEqual([modelKey(known), lastingName(known)], ['ab12', 'ab12']);
  const service = { model: { name: 'openai:x@https://a.b/v1', path: null, sha256: null } };
  assert.equal(modelKey(service), service.model.name);
  const gone = { model: { name: 'mine', path: '/nowhere/mine.gguf', sha256: null } };
  assert.equal(modelKey(gone), '/nowhere/mine.gguf');
});
