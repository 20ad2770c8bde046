import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, it } from 'node:test';
import { generation } from '../../src/methods/constrained-generation/generation.js';
import { loadProfile } from '../../src/profile/index.js';
import type { GenerateOptions } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';

const folder = mkdtempSync(path.join(tmpdir(), 'slm-generation-'));
after(() => rmSync(folder, { recursive: true }));

/** Answers one output after the other, and keeps what was asked for. */
async function predictor(task: string, outputs: readonly string[]) {
  writeFileSync(path.join(folder, 'task.yaml'), `name: t\ntype: generate\n${task}\n`);
  const profile = await loadProfile(path.join(folder, 'task.yaml'), { folders: [], cwd: folder });
  const asked: GenerateOptions[] = [];
  const engine = fakeEngine({
    generate: (_, options) => {
      asked.push(options);
      return { text: outputs[asked.length - 1] ?? '', tokens: 3, stopReason: 'end' };
    },
  });
  const ready = await generation.prepare({
    profile,
    engine,
    documents: [],
    ownDocuments: async () => [],
    cache: { get: async () => null, set: async () => undefined },
    onProgress: () => undefined,
  });
  const origin = { file: 'x', line: 1 };
  const predict = async (text: string) =>
    (
      await ready.predict({
        record: { index: 0, id: '1', text, fields: { text }, added: null, origin },
        text,
        explain: false,
      })
    ).output;
  return { asked, predict };
}

const oneOf = 'schema: { oneOf: [{ type: integer, multipleOf: 3 }, { type: integer, multipleOf: 5 }] }';

it('tries again with a seed of its own what the check refuses', async () => {
  const { asked, predict } = await predictor(oneOf, ['15', '30', '9']);
  assert.deepEqual(await predict('a'), { type: 'generate', text: '9', value: 9 });
  assert.deepEqual(
    asked.map(({ sample }) => sample ?? null),
    [null, { temperature: 0.7, seed: 2 }, { temperature: 0.7, seed: 3 }],
  );
});

it('gives up after so many attempts, with the place and the reason', async () => {
  const { asked, predict } = await predictor(`${oneOf}\noptions: { attempts: 2 }`, ['15', '30', '9']);
  await assert.rejects(predict('a'), {
    message: 'the output breaks the schema: at the top level: must match exactly one schema in oneOf (2 attempts)',
  });
  assert.equal(asked.length, 2);
});

it('says where values with x-source stand, and lets only those be written', async () => {
  const { asked, predict } = await predictor(
    'schema: { type: object, properties: { item: { type: string, x-source: copy }, n: { type: integer, x-source: normalize } }, required: [item, n] }',
    ['{"item":"blue pen","n":1200}'],
  );
  assert.deepEqual(await predict('We need 1,200 of\nblue pen.'), {
    type: 'generate',
    text: '{"item":"blue pen","n":1200}',
    value: { item: 'blue pen', n: 1200 },
    sources: [
      { pointer: '/item', start: 17, end: 25 },
      { pointer: '/n', start: 8, end: 13 },
    ],
  });
  assert.match(asked[0]?.grammar ?? '', /"1200"/);
  await assert.rejects(predict('no number'), /the text has no value that a required property with "x-source" could be/);
});
