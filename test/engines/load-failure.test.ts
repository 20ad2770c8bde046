import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { SlmError } from '../../src/errors.js';
import { loadable } from '../helpers/loadable-model.js';

test('a file that llama.cpp does not load is refused with the reason that llama.cpp has logged', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'slm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bytes = loadable('llama');
  bytes.write('newer', bytes.indexOf('llama', bytes.indexOf('general.architecture')));
  const file = join(folder, 'newer.gguf');
  writeFileSync(file, bytes);
  const logged: string[] = [];
  await assert.rejects(
    openEngine({ path: file, onLog: (line) => logged.push(line) }),
    (error) =>
      error instanceof SlmError &&
      error.kind === 'model' &&
      error.message === `llama.cpp cannot load ${file}: unknown model architecture: 'newer'`,
  );
  assert.ok(logged.some((line) => line.includes('newer')));
});
