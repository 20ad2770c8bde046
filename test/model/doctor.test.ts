import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { modelFile, smollm } from '../helpers/models.js';
import { moodTask, runSlm, tempFolder } from '../helpers/slm.js';

/** The first layers of a model: their answers are worthless, and quick. */
let file: string;
before(async () => {
  await modelFile(smollm);
  const { code, stdout, stderr } = await runSlm(['models', 'derive', smollm, '--layers', '4']);
  assert.equal(code, 0, stderr);
  file = stdout.trim();
});

interface Found {
  readonly threads: number;
  readonly settings: readonly {
    readonly shape: { readonly slots: number; readonly threadsPerSlot: number };
    readonly arithmetic: Readonly<Record<string, unknown>>;
    readonly tokensPerSecond: readonly number[];
    readonly sameNumbers: boolean;
  }[];
  readonly many: object;
  readonly one: object;
}

test('doctor --tune keeps what it found, runs give the same bytes with it, and --reset forgets it', async (t) => {
  const folder = tempFolder(t);
  // SLM_THREADS would win over what was measured.
  const env = { XDG_CONFIG_HOME: folder, SLM_THREADS: '' };
  const kept = path.join(folder, 'slm', 'machines.json');
  const model = ['-m', file];
  const input = 'The soup was cold.\nA joy from the first page to the last.\nIt broke.\n';
  const run = () => runSlm(['run', moodTask(), '--lines', '--json', ...model], { env, input });
  const plain = await run();
  assert.equal(plain.code, 0, plain.stderr);

  const tuned = await runSlm(['doctor', '--tune', '--rounds', '1', '--json', ...model], { env });
  assert.equal(tuned.code, 0, tuned.stderr);
  const found = JSON.parse(tuned.stdout) as Found;
  assert.ok(found.settings.length > 4);
  const shapes = found.settings.filter(({ arithmetic }) => Object.keys(arithmetic).length === 0);
  assert.ok(shapes.every(({ shape }) => shape.slots * shape.threadsPerSlot <= found.threads));
  assert.ok(shapes[0]?.sameNumbers);
  assert.ok(found.settings.every(({ tokensPerSecond }) => (tokensPerSecond[0] as number) > 0));
  const stored = JSON.parse(readFileSync(kept, 'utf8')) as { entries: object[] };
  assert.equal(stored.entries.length, 1);
  const { many, one } = stored.entries[0] as Found;
  assert.deepEqual([many, one], [found.many, found.one]);
  assert.equal((await run()).stdout, plain.stdout);

  const report = await runSlm(['doctor', '--json', ...model], { env });
  const { measured, model: modelPath } = JSON.parse(report.stdout) as Record<string, string>;
  assert.match(measured ?? '', /^\d{4}-/u);
  assert.ok(existsSync(modelPath ?? ''));

  const reset = await runSlm(['doctor', '--reset', ...model], { env });
  assert.match(reset.stderr, /runs with the defaults again/u);
  assert.deepEqual((JSON.parse(readFileSync(kept, 'utf8')) as { entries: object[] }).entries, []);
  assert.match((await runSlm(['doctor', ...model], { env })).stdout, /^measured +no$/mu);
});

test('a shape that was kept is the one that runs have, and gives the same bytes', async (t) => {
  const folder = tempFolder(t);
  const env = { XDG_CONFIG_HOME: folder, SLM_THREADS: '' };
  const input = 'The soup was cold.\nA joy from the first page to the last.\nIt broke.\n';
  const run = () => runSlm(['run', moodTask(), '--lines', '--json', '-m', file], { env, input });
  const { stdout } = await run();
  const { keepMachine } = await import('../../src/app/opening/machines.js');
  const context = { env } as unknown as Parameters<typeof keepMachine>[0];
  const shape = { slots: 3, threadsPerSlot: 1 };
  const model = { name: 'four layers', path: file, sha256: null };
  await keepMachine(context, model, { many: shape, one: shape, measuredAt: '2026-01-02T03:04:05.000Z' });
  const report = await runSlm(['doctor', '-m', file], { env });
  assert.match(report.stdout, /^streams of records +3 contexts with 1 thread each$/mu);
  assert.equal((await run()).stdout, stdout);
});

test('doctor has the machine to show, too, where the model is no file', async () => {
  for (const model of ['cascade:gemma-3-270m+qwen3-4b', 'openai:some-model']) {
    const { code, stdout, stderr } = await runSlm(['doctor', '-m', model]);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`${model}, which is not a single file`), stdout);
  }
});
