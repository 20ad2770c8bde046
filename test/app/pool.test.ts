import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { openPool } from '../../src/app/serving/pool.js';
import { predictAll } from '../../src/app/serving/predict-all.js';
import { root, tempFolder } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

test('a budget is for all tasks of a server together, also for one that was freed and is opened again', async (t) => {
  let calls = 0;
  const service = createServer((_request, response) => {
    calls++;
    response.setHeader('Content-Type', 'application/json');
    const usage = { prompt_tokens: 100, completion_tokens: 0 };
    response.end(JSON.stringify({ choices: [{ message: { content: '{"option":"A"}' } }], usage }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.after(() => void service.close());
  const cwd = tempFolder(t);
  const at = (name: string) => path.join(cwd, name);
  const model = `openai:m@http://127.0.0.1:${(service.address() as AddressInfo).port}/v1`;
  const names = ['one', 'two', 'three'];
  for (const name of names) {
    mkdirSync(at(`tasks/${name}`), { recursive: true });
    writeFileSync(at(`tasks/${name}/task.yaml`), `name: ${name}\ntype: classify\nlabels: [good, bad]\n`);
  }
  mkdirSync(at('config/slm'), { recursive: true });
  writeFileSync(
    at('config/slm/config.yaml'),
    `remote: { budget: 0.002, prices: { '${model}': { input: 10, output: 10 } } }\n`,
  );
  const env = { XDG_CONFIG_HOME: at('config'), XDG_DATA_HOME: at('data'), XDG_CACHE_HOME: at('cache') };
  const surroundings = surroundingsWith({ cwd, packageRoot: root, env });
  // Each task is freed as soon as another one is used.
  const pool = await openPool(surroundings, { tasks: names, flags: { model }, maxMemoryBytes: 0 });
  t.after(() => pool.close());
  const ask = (name: string) => {
    const task = pool.find(name);
    assert.ok(task !== null);
    return predictAll(pool, task, ['fine'], new AbortController().signal);
  };
  // A call costs 0.001.
  await ask('one');
  await ask('two');
  for (const name of ['three', 'one'])
    await assert.rejects(ask(name), { kind: 'model', message: /^the budget of 0\.002 is spent/u });
  assert.equal(calls, 2);
});
