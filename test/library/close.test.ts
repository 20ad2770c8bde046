import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { open } from '../../src/library/open.js';
import { loadable } from '../helpers/loadable-model.js';
import { tempFolder } from '../helpers/slm.js';

test('what is under way when a task is closed ends with that as the reason', async (t) => {
  const cwd = tempFolder(t);
  const model = path.join(cwd, 'bytes.gguf');
  writeFileSync(model, loadable('llama'));
  mkdirSync(path.join(cwd, 'tasks/ab'), { recursive: true });
  writeFileSync(path.join(cwd, 'tasks/ab/task.yaml'), 'name: ab\ntype: classify\nlabels: [a, b]\n');
  const env = { XDG_CONFIG_HOME: cwd, XDG_DATA_HOME: cwd, XDG_CACHE_HOME: cwd };
  const task = await open('ab', { cwd, env, model });
  const text = 'some words '.repeat(20);
  assert.ok('label' in ((await task(text)) as object));
  const closed = { code: 'SLM_FAILURE', message: 'the task "ab" is closed' };
  const texts = Array.from({ length: 200 }, (_, i) => `${i} ${text}`);
  const calls = texts.map((each) => task(each));
  const stream = (async () => {
    for await (const result of task.stream(texts)) assert.ok(!('error' in (result as object)));
  })();
  const results = Promise.allSettled([...calls, stream]);
  await setTimeout(5);
  await task.close();
  const reasons = (await results).flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  assert.ok(reasons.length > 1);
  for (const reason of reasons)
    assert.throws(() => {
      throw reason;
    }, closed);
});
