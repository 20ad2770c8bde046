import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadProfile } from '../../src/profile/index.js';
import { usesChat } from '../../src/prompt.js';
import type { TaskProfile } from '../../src/types.js';
import { tempFolder } from '../helpers/slm.js';

const classify = 'name: x\ntype: classify\nlabels: [a, b]\n';

async function useOf(t: TestContext, yaml: string): Promise<string> {
  const folder = tempFolder(t);
  writeFileSync(path.join(folder, 'task.yaml'), yaml);
  const profile = await loadProfile(path.join(folder, 'task.yaml'), { cwd: folder, folders: [] });
  return profile.prompt.use;
}

describe('the prompt of a task that leaves the choice open', () => {
  it('is the completion prompt where labels or spans are scored, whatever the model', async (t) => {
    assert.equal(await useOf(t, classify), 'base');
    assert.equal(await useOf(t, 'name: x\ntype: extract\nlabels: [a, b]\n'), 'base');
  });

  it('is the chat turn of models that are large enough for it, where questions are answered', async (t) => {
    assert.equal(await useOf(t, 'name: x\ntype: answer\n'), 'able');
    const profile = { path: 'task.yaml', prompt: { use: 'able' } } as TaskProfile;
    const model = { format: 'chat', chatTemplate: 'x', bosText: '', eosText: '' } as const;
    assert.equal(usesChat(profile, { ...model, parameters: 494e6 }), true);
    assert.equal(usesChat(profile, { ...model, parameters: 135e6 }), false);
    assert.equal(usesChat(profile, model), false, 'a size that is not known is no large one');
    assert.equal(usesChat(profile, { ...model, format: 'base', parameters: 7e9 }), false);
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
