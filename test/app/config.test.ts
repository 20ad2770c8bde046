import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectModel, readConfig, remoteSettings } from '../../src/app/config.js';
import { requireAgreement } from '../../src/app/opening/agreement.js';
import { tempFolder } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

/** Surroundings with these settings of the user and of the project. */
function settings(t: TestContext, own: unknown, project: unknown) {
  const cwd = tempFolder(t);
  mkdirSync(path.join(cwd, 'config', 'slm'), { recursive: true });
  const file = path.join(cwd, 'config', 'slm', 'config.yaml');
  if (own !== null) writeFileSync(file, JSON.stringify(own));
  if (project !== null) writeFileSync(path.join(cwd, 'slm.yaml'), JSON.stringify(project));
  const env = { XDG_CONFIG_HOME: path.join(cwd, 'config'), XDG_DATA_HOME: path.join(cwd, 'data') };
  return { surroundings: surroundingsWith({ cwd, env }), file };
}

test('a project lowers a budget and names prices, but does not change those of the user', async (t) => {
  const known = { input: 2, output: 8 };
  const { surroundings } = settings(
    t,
    { remote: { budget: 5, prices: { 'openai:a': known } } },
    {
      remote: {
        budget: 9,
        allow: true,
        prices: { 'openai:a': { input: 0, output: 0 }, 'openai:b': { input: 1, output: 1 } },
      },
    },
  );
  const { budget, prices, allow } = await remoteSettings(surroundings);
  assert.deepEqual([budget, allow], [5, false]);
  assert.deepEqual(prices, { 'openai:a': known, 'openai:b': { input: 1, output: 1 } });
});

test('any time limit that the settings may have is one that a timer takes', async (t) => {
  for (const timeout of [0.0001, 1.23456, 2_000_000]) {
    const { timeoutMs } = await remoteSettings(settings(t, { remote: { timeout } }, null).surroundings);
    assert.ok(Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31, String(timeoutMs));
  }
  const { surroundings, file } = settings(t, { remote: { timeout: 1e12 } }, null);
  await assert.rejects(remoteSettings(surroundings), (error: Error) => error.message.startsWith(`${file}:1:`));
});

test('a model that there is not is reported with the file that names it', async (t) => {
  const refused = async (own: unknown, project: unknown, task: string | null, message: RegExp) => {
    const { surroundings } = settings(t, own, project);
    const profile = { model: task, path: 'tasks/mood/task.yaml' };
    await assert.rejects(requireAgreement(surroundings, undefined, profile), { message });
    // A model of the command line is not the file's.
    await requireAgreement(surroundings, 'gemma-3-270n', profile);
  };
  const wrong = { model: 'gemma-3-270n' };
  await refused(null, wrong, null, /^slm\.yaml names .*No model "gemma-3-270n"\. Did you mean "gemma-3-270m"\?/u);
  await refused(wrong, null, null, /config\.yaml names .*No model "gemma-3-270n"/u);
  await refused(null, null, 'gemma-3-270n', /^tasks\/mood\/task\.yaml names .*No model "gemma-3-270n"/u);
  await refused(null, { model: 'cascade:a' }, null, /^slm\.yaml names .*has only one model/u);
});

test('settings that a link should lead to and does not are an error, not none', async (t) => {
  const { surroundings } = settings(t, null, null);
  symlinkSync('gone.yaml', path.join(surroundings.cwd, 'slm.yaml'));
  for (const read of [projectModel, readConfig, remoteSettings])
    await assert.rejects(read(surroundings), { kind: 'usage', message: /slm\.yaml cannot be read: .*no such file/iu });
});
