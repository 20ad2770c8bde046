import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadProfile } from '../../src/profile/index.js';
import { tempFolder } from '../helpers/slm.js';

const classify = 'name: x\ntype: classify\nlabels: [a, b]\n';

async function useOf(t: TestContext, yaml: string): Promise<string> {
  const folder = tempFolder(t);
  writeFileSync(path.join(folder, 'task.yaml'), yaml);
  const profile = await loadProfile(path.join(folder, 'task.yaml'), { cwd: folder, folders: [] });
  return profile.prompt.use;
}

describe('the prompt of a task that leaves the choice open', () => {
  it('is the completion prompt where labels, spans or answers are scored, whatever the model', async (t) => {
    assert.equal(await useOf(t, classify), 'base');
    assert.equal(await useOf(t, 'name: x\ntype: extract\nlabels: [a, b]\n'), 'base');
    assert.equal(await useOf(t, 'name: x\ntype: answer\n'), 'base');
  });

  it('is the chat turn of models that have one where text is generated, or yes and no are asked for', async (t) => {
    assert.equal(await useOf(t, `${classify}multiLabel: true\n`), 'auto');
    assert.equal(await useOf(t, 'name: x\ntype: generate\n'), 'auto');
  });

  it('is the one that the task writes, where it writes one of the two', async (t) => {
    assert.equal(await useOf(t, `${classify}prompt: {use: chat}\n`), 'chat');
    assert.equal(await useOf(t, `${classify}prompt: {chat: "{{ text }}?"}\n`), 'auto');
    assert.equal(await useOf(t, `${classify}prompt: {chat: "{{ text }}?", base: "{{ text }}:"}\n`), 'base');
  });
});
