import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadTask } from '../../src/app/opening/loaded-task.js';
import { settingsName, shownProfile } from '../../src/app/opening/tuned-settings.js';
import { filesRead } from '../../src/app/run/files-read.js';
import { root } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

const address = 'hf:owner/repo/Tiny.gguf#v1';
const named = `Tiny-${createHash('sha256').update(address).digest('hex').slice(0, 8)}`;

test('settings have the name that a model has once it is there, however it is spoken of', async (t) => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'slm-settings-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const env = { XDG_CONFIG_HOME: path.join(cwd, 'config'), XDG_DATA_HOME: path.join(cwd, 'data') };
  const surroundings = surroundingsWith({ cwd, packageRoot: root, env });
  for (const [spoken, name] of [
    ['gemma-3-270m', 'gemma-3-270m'],
    [address, named],
    ['./models/Mine.Q8_0.GGUF', 'Mine.Q8_0'],
    ['file:models/mine.gguf', 'mine'],
    ['nobody-knows-it', 'nobody-knows-it'],
  ] as const)
    assert.equal(await settingsName(surroundings, spoken), name, spoken);

  const task = path.join(cwd, 'tasks', 'own');
  const settings = path.join(task, 'tuned', `${named}.yaml`);
  mkdirSync(path.dirname(settings), { recursive: true });
  writeFileSync(path.join(task, 'task.yaml'), 'name: own\ntype: classify\nlabels: [a, b]\n');
  const loaded = await loadTask(surroundings, 'own', { model: address });
  assert.equal(await loaded.isCurrent(), true);
  writeFileSync(settings, 'method: head\n');
  assert.equal(await loaded.isCurrent(), false);
  await assert.rejects(shownProfile(surroundings, loaded.profile, address), /no digest in its last line/u);
  const read = await filesRead(surroundings, loaded.profile, [address], undefined);
  assert.ok(read.some((file) => file.path === settings));
});
