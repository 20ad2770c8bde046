import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { profileContext } from '../../src/app/surroundings.js';
import { tunedFor } from '../../src/app/tasks/tuned-for.js';
import { loadProfile } from '../../src/profile/index.js';
import { root, runSlm } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';
import { unprivileged } from '../helpers/unprivileged.js';

function taskIn(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-tuned-for-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  writeFileSync(path.join(folder, 'task.yaml'), 'name: mine\ntype: classify\nlabels: [a, b]\n');
  return folder;
}

test('settings that cannot be read are named with their own file', async (t) => {
  const folder = taskIn(t);
  const file = path.join(folder, 'tuned', 'some-model.yaml');
  mkdirSync(path.dirname(file));
  writeFileSync(file, 'format: 2\n');
  const surroundings = surroundingsWith({ cwd: folder, packageRoot: root });
  const [found] = tunedFor(surroundings, await loadProfile('./task.yaml', profileContext(surroundings)));
  assert.deepEqual([found?.model, found?.file], ['some-model', file]);
  assert.ok(found !== undefined && 'problem' in found);
});

test('calibrating a task whose folder takes no files is refused before a model is loaded', {
  skip: process.platform === 'win32',
}, async (t) => {
  const folder = taskIn(t);
  chmodSync(folder, 0o555);
  const { code, stderr } = await runSlm(['tasks', 'calibrate', folder, '-m', './nowhere.gguf'], { user: unprivileged });
  chmodSync(folder, 0o755);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /the constants cannot be kept: .* takes no files/u);
});
