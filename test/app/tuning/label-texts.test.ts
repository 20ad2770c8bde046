import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { chooseCascade } from '../../../src/app/cascading/choose-cascade.js';
import { defaults } from '../../../src/app/defaults.js';
import { profileContext } from '../../../src/app/surroundings.js';
import { type LabelRequest, labelTexts } from '../../../src/app/tuning/label-texts.js';
import { planTuning, tuneTask } from '../../../src/app/tuning/tune-task.js';
import { loadProfile } from '../../../src/profile/index.js';
import { fakePool } from '../../helpers/fake-pool.js';
import { served } from '../../helpers/served.js';
import { jsonl, tempFolder } from '../../helpers/slm.js';
import { surroundingsWith } from '../../helpers/surroundings.js';

const fixtures = 'fixtures:\n  - {text: "A good film, really!", label: good}\n';

/** A task in a folder of its own, and a service as its teacher that counts what it is asked. */
async function teaching(t: TestContext, prompt = '{{ text }}') {
  const cwd = tempFolder(t);
  let asked = 0;
  const pool = fakePool(async () => void asked++);
  const url = `${await served(t, {}, pool)}/v1`;
  const task = `name: mood\ntype: classify\nlabels: [good, bad]\nprompt:\n  chat: "${prompt}"\n${fixtures}`;
  writeFileSync(path.join(cwd, 'task.yaml'), task);
  const notices: string[] = [];
  const surroundings = surroundingsWith({
    cwd,
    env: { XDG_CONFIG_HOME: path.join(cwd, 'config'), XDG_CACHE_HOME: path.join(cwd, 'cache') },
    notice: (text) => void notices.push(text),
  });
  const label = async (rows: readonly object[], changes: Partial<LabelRequest> = {}) => {
    writeFileSync(path.join(cwd, 'texts.jsonl'), jsonl(rows));
    return labelTexts(surroundings, {
      profile: await loadProfile('./task.yaml', profileContext(surroundings)),
      teacher: `systemone:mood@${url}`,
      unlabelled: 'texts.jsonl',
      format: null,
      gold: [],
      documents: [],
      flags: { maxRecordSize: defaults.maxRecordSize },
      budgetMs: 60_000,
      seed: 1,
      onProgress: () => undefined,
      ...changes,
    });
  };
  return { cwd, url, surroundings, notices, label, asked: () => asked };
}

const texts = Array.from({ length: 12 }, (_, i) => ({ text: `good ${i}` }));

test('labels that were paid for are kept when the budget is spent in the midst of them', async (t) => {
  const { cwd, url, label, asked } = await teaching(t);
  const settings = (budget: number) => {
    const prices = { [`systemone:mood@${url}`]: { input: 1_000_000, output: 0 } };
    writeFileSync(path.join(cwd, 'slm.yaml'), JSON.stringify({ remote: { concurrency: 1, budget, prices } }));
  };
  settings(50);
  await assert.rejects(label(texts), /the budget of 50 is spent/u);
  const before = asked();
  assert.ok(before >= 4 && before < texts.length, String(before));
  settings(1000);
  const { fresh, examples } = await label(texts);
  assert.equal(examples.length, texts.length);
  assert.equal(asked(), texts.length);
  assert.equal(fresh, texts.length - before);
});

test('what is left out of the texts is counted, and a fixture is one whatever its case and punctuation', async (t) => {
  const { label, notices, asked } = await teaching(t);
  const rows = [{ text: 'a GOOD film really' }, { text: ' ' }, { text: 'good 1 ' }, { other: 'x' }, ...texts];
  const gold = [
    {
      record: { index: 0, id: 'g', text: 'Good 2.', fields: {}, added: null, origin: { file: 'gold', line: 1 } },
      gold: { type: 'classify', labels: ['good'] } as const,
    },
  ];
  const { examples } = await label(rows, { gold });
  assert.equal(examples.length, texts.length - 1);
  assert.ok(examples.every(({ record }) => !/film|good 2$/iu.test(record.text)));
  assert.equal(asked(), texts.length, 'the labelled row, too');
  const said = notices.join('\n');
  for (const part of ['1 rows of', '1 texts of texts.jsonl are empty', '1 texts of texts.jsonl are repetitions'])
    assert.ok(said.includes(part), `${part} in ${said}`);
  assert.match(said, /2 texts of texts\.jsonl also stand among the fixtures or the labelled rows/u);
});

test('a label is known again only for all that it was given for', async (t) => {
  const { label, asked } = await teaching(t, '{{ title }}: {{ text }}');
  const titled = (title: string) => texts.map(({ text }) => ({ text, title }));
  await label(titled('News'));
  await label(titled('News'));
  assert.equal(asked(), texts.length);
  await label(titled('Joke'));
  assert.equal(asked(), 2 * texts.length);
});

test('labels of a cascade are not those of the thresholds that it had before', async (t) => {
  const { cwd, url, surroundings, label } = await teaching(t);
  const models = [`systemone:mood@${url}`, `decisions:mood@${url}`];
  writeFileSync(path.join(cwd, 'rows.jsonl'), jsonl(texts.map(({ text }) => ({ text, label: 'good' }))));
  const { file } = await chooseCascade(surroundings, './task.yaml', {
    models,
    data: 'rows.jsonl',
    goal: { kind: 'last' },
    seed: 1,
    maxRecordSize: defaults.maxRecordSize,
  });
  const teacher = `cascade:${models.join('+')}`;
  const withThreshold = (atLeast: number) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(/atLeast: .*/u, `atLeast: ${atLeast}`));
  withThreshold(0);
  assert.equal((await label(texts, { teacher })).fresh, texts.length);
  assert.equal((await label(texts, { teacher })).fresh, 0);
  withThreshold(1);
  assert.equal((await label(texts, { teacher })).fresh, texts.length);
});

test('nothing is labelled for a model that cannot be tuned', async (t) => {
  const { cwd, url, surroundings, asked } = await teaching(t);
  writeFileSync(path.join(cwd, 'texts.jsonl'), jsonl(texts));
  for (const [model, message] of [
    ['gemma-3-270n', /No model "gemma-3-270n"/u],
    [`decisions:mood@${url}`, /this needs a model file/u],
    ['cascade:a+b', /is a cascade, and this needs one model/u],
  ] as const) {
    const teacher = `systemone:mood@${url}`;
    const flags = { ...defaults.tuning, model, teacher, unlabelled: 'texts.jsonl', seed: 1, curves: false };
    const planned = await planTuning(surroundings, './task.yaml', flags);
    const given = { ...flags, maxRecordSize: defaults.maxRecordSize };
    await assert.rejects(tuneTask(surroundings, planned, given), { message });
  }
  assert.equal(asked(), 0);
});
