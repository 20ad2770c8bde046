import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { chooseCascade } from '../../../src/app/cascading/choose-cascade.js';
import { defaults } from '../../../src/app/defaults.js';
import { openTaskFor } from '../../../src/app/opening/open-cascade.js';
import type { TaskPool } from '../../../src/app/serving/pool.js';
import { profileContext } from '../../../src/app/surroundings.js';
import { predict } from '../../../src/predict.js';
import { loadProfile } from '../../../src/profile/index.js';
import { isBadRow } from '../../../src/record.js';
import { fakePool } from '../../helpers/fake-pool.js';
import { recordWith } from '../../helpers/profiles.js';
import { served } from '../../helpers/served.js';
import { jsonl, tempFolder } from '../../helpers/slm.js';
import { surroundingsWith } from '../../helpers/surroundings.js';

const rows = Array.from({ length: 10 }, (_, i) => ({ text: `${i % 2 === 0 ? 'good' : 'dull'} ${i}`, label: 'good' }));

/** A task with labelled data in a folder of its own, and services on this machine that count what they are asked. */
async function setUp(t: TestContext) {
  const cwd = tempFolder(t);
  writeFileSync(path.join(cwd, 'task.yaml'), 'name: mood\ntype: classify\nlabels: [good, bad]\n');
  writeFileSync(path.join(cwd, 'rows.jsonl'), jsonl(rows));
  const notices: string[] = [];
  const surroundings = surroundingsWith({
    cwd,
    notice: (text) => notices.push(text),
    env: { XDG_CONFIG_HOME: path.join(cwd, 'config'), XDG_CACHE_HOME: path.join(cwd, 'cache') },
  });
  let asked = 0;
  const service = async (changes: Partial<TaskPool> = {}) => {
    const pool = { ...fakePool(async () => void asked++), ...changes };
    return `${await served(t, {}, pool)}/v1`;
  };
  const choose = (models: readonly string[]) =>
    chooseCascade(surroundings, './task.yaml', {
      models,
      data: 'rows.jsonl',
      goal: { kind: 'last' },
      seed: 1,
      maxRecordSize: defaults.maxRecordSize,
    });
  const profile = await loadProfile('./task.yaml', profileContext(surroundings));
  const open = (model: string) => openTaskFor(surroundings, profile, { model }, 'many', []);
  return { cwd, surroundings, service, choose, open, notices, asked: () => asked };
}

test('models that could not be named as a cascade later are refused before anything is measured', async (t) => {
  const { service, choose, asked } = await setUp(t);
  const [a, b] = [`systemone:mood@${await service()}`, `decisions:mood@${await service()}`];
  await assert.rejects(choose([a, a]), { kind: 'usage', message: /has a model twice/u });
  await assert.rejects(choose([a]), { kind: 'usage', message: /needs two models or more/u });
  await assert.rejects(choose([`cascade:${a}+${b}`, b]), { kind: 'usage', message: /cannot be part of a cascade/u });
  await assert.rejects(choose(['./my+model.gguf', b]), { kind: 'usage', message: /cannot be part of a cascade/u });
  const many = Array.from({ length: 9 }, (_, i) => `systemone:m${i}@http://127.0.0.1:9`);
  await assert.rejects(choose(many), { kind: 'usage', message: /at most 8 models, not 9/u });
  assert.equal(asked(), 0);
});

test('a folder that does not take the thresholds is found before anything is measured', async (t) => {
  const { cwd, service, choose, asked } = await setUp(t);
  writeFileSync(path.join(cwd, 'tuned'), 'no folder');
  const models = [`systemone:mood@${await service()}`, `decisions:mood@${await service()}`];
  await assert.rejects(choose(models), { kind: 'usage', message: /tuned takes no files/u });
  assert.equal(asked(), 0);
});

test('a cascade that takes longer than its last model is written, with a remark', async (t) => {
  const { service, choose, notices } = await setUp(t);
  const alwaysWrong: Partial<TaskPool> = {
    async *predict(_task, records) {
      for await (const record of records) {
        if (isBadRow(record)) continue;
        const scores = { good: 0.1, bad: 0.9 };
        yield { record, output: { type: 'classify', labels: ['bad'], abstained: false, score: 0.9, scores }, ms: 1 };
      }
    },
  };
  const last = `decisions:mood@${await service()}`;
  const { choice } = await choose([`systemone:mood@${await service(alwaysWrong)}`, last]);
  assert.deepEqual(choice.shares, [0, 1]);
  assert.deepEqual(
    notices.filter((text) => text.startsWith('the cascade')),
    [`the cascade takes longer here than ${last} alone: leave out a model, or use ${last}`],
  );
});

test('cascades of services whose addresses end alike have thresholds of their own', async (t) => {
  const { service, choose, open } = await setUp(t);
  const [one, two] = [await service(), await service()];
  const large = `decisions:mood@${one}`;
  const chosen = await choose([`systemone:mood@${one}`, large]);
  await (await open(chosen.reference)).close();
  const other = `cascade:systemone:mood@${two}+${large}`;
  await assert.rejects(open(other), { kind: 'usage', message: /has no thresholds/u });
});

test('the hint for a cascade without thresholds is a cascade that can be opened', async (t) => {
  const { service, open } = await setUp(t);
  const url = await service();
  const reference = `cascade:systemone:a@${url}+systemone:b@${url}+systemone:c@${url}`;
  const hint = await open(reference).then(
    () => '',
    (error: Error & { hint: string }) => error.hint,
  );
  const proposed = /(cascade:\S+)$/u.exec(hint)?.[1] ?? '';
  await (await open(proposed)).close();
});

test('a budget is for all services of a run together', async (t) => {
  const { cwd, service, open, choose, asked } = await setUp(t);
  const models = [`systemone:mood@${await service()}`, `decisions:mood@${await service()}`];
  const prices = Object.fromEntries(models.map((model) => [model, { input: 1_000_000, output: 0 }]));
  // 11 tokens a call at 1 each.
  writeFileSync(path.join(cwd, 'slm.yaml'), JSON.stringify({ remote: { concurrency: 1, budget: 100, prices } }));
  const { task, close } = await open(`cascade:${models[0]}@1+${models[1]}`);
  const all = async () => {
    const records = rows.map(({ text }, index) => recordWith(text, { index }));
    for await (const _ of predict(task, records, { explain: false, now: () => 0 }));
  };
  await assert.rejects(all(), { kind: 'model', message: /the budget of 100 is spent: 2 models of services cost/u });
  await close();
  // Each of the two may have one call under way when the budget is spent.
  assert.ok(asked() >= 9 && asked() <= 12, String(asked()));
  const before = asked();
  await assert.rejects(choose(models), { kind: 'model', message: /the budget of 100 is spent/u });
  assert.ok(asked() - before <= 12, String(asked() - before));
});
