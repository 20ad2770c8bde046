import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import type { Report } from '../../src/evaluate/report.js';
import { open } from '../../src/index.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { assertClearError, jsonl, moodTask, parsed, root, runSlm, slmEnv, tempFolder } from '../helpers/slm.js';

before(async () => {
  await modelFile(gemma);
  await modelFile(smollm);
});

const rows = [
  { text: 'Wonderful, lovely, perfect.', label: 'good' },
  { text: 'Broken after an hour.', label: 'bad' },
  { text: 'A joy from beginning to end.', label: 'good' },
  { text: 'Could have been worse, could have been shorter.', label: 'bad' },
  { text: 'The waiter was rude and the food cold.', label: 'bad' },
  { text: 'I would come back any time.', label: 'good' },
];
const cascade = `cascade:${smollm}+${gemma}`;

test('slm cascade chooses thresholds; run, eval and the library go by them, resumed jobs and the cache, too', {
  timeout: 600_000,
}, async (t) => {
  const folder = tempFolder(t);
  const data = path.join(folder, 'held-out.jsonl');
  writeFileSync(data, jsonl(rows));
  const task = moodTask();
  const stored = path.join(task, 'tuned', 'cascades', `${smollm}+${gemma}.yaml`);
  t.after(() => rmSync(path.dirname(stored), { recursive: true, force: true }));

  assertClearError(await runSlm(['run', task, '-m', cascade, data]), 2, /has no thresholds.*slm cascade mood/su);
  const chosen = await runSlm(['cascade', task, '-m', `${smollm},${gemma}`, '--data', data, '--json']);
  assert.equal(chosen.code, 0, chosen.stderr);
  const { file, choice, reference } = JSON.parse(chosen.stdout);
  assert.deepEqual([file, reference], [stored, cascade]);
  assert.ok(Math.abs(choice.shares[0] + choice.shares[1] - 1) < 1e-9);

  // Every model alone and the cascade: what it says is what the model says that it names.
  const measured = await runSlm([
    ...['eval', task, '-m', `${smollm},${gemma},${cascade}`, '--data', data, '--json'],
    ...['--gate', `${cascade} >= ${gemma} - 1`],
  ]);
  assert.equal(measured.code, 0, measured.stderr);
  const [small, large, both] = JSON.parse(measured.stdout).reports as Report[];
  assert.ok(small && large && both);
  const threshold = both.stages?.[0]?.atLeast as number;
  both.records.forEach(({ output }, i) => {
    const [own, other] = [small, large].map(({ records }) => records[i]?.output);
    assert.ok(own?.type === 'classify' && output !== null && output !== undefined);
    const expected = own.score >= threshold ? { ...own, model: smollm } : { ...other, model: gemma };
    assert.deepEqual(output, expected);
  });
  assert.equal(
    both.stages?.reduce((sum, { answered }) => sum + answered, 0),
    rows.length,
  );

  // A run with thresholds of its own: all goes up.
  const explicit = `cascade:${smollm}@1+${gemma}`;
  const output = path.join(folder, 'out.jsonl');
  const first = await runSlm(['run', task, '-m', explicit, data, '-o', output, '--limit', '3', '--resume']);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(
    parsed(readFileSync(output, 'utf8')).map(({ model }) => model),
    [gemma, gemma, gemma],
  );
  const other = await runSlm(['run', task, '-m', cascade, data, '-o', output, '--limit', '3', '--resume']);
  assertClearError(other, 2, /cascade: .*from 1.* → /u);
  const cached = ['run', task, '-m', cascade, data, '--cache', '--json', '--stats'];
  const [once, again] = [await runSlm(cached), await runSlm(cached)];
  assert.equal(again.stdout, once.stdout, again.stderr);
  assert.match(again.stderr, /"cached":6/u);

  const mood = await open(task, { model: cascade, env: slmEnv() as Record<string, string>, cwd: root });
  const results: unknown[] = [];
  for await (const result of mood.stream(rows.map(({ text }) => text))) {
    assert.ok(!('error' in result));
    results.push(result.model);
  }
  await mood.close();
  assert.deepEqual(
    results,
    both.records.map((record) => record.output?.model),
  );

  // Said before the first record, also of a model that no record may need.
  const settings = readFileSync(stored, 'utf8');
  const at = settings.lastIndexOf('settings: ') + 'settings: '.length;
  writeFileSync(stored, `${settings.slice(0, at)}0000${settings.slice(at + 4)}`);
  const second = await runSlm(['run', task, '-m', cascade, data]);
  assertClearError(second, 2, /no longer fit the task "mood" on gemma.*Choose them again/su);
  assert.equal(second.stdout, '');
  writeFileSync(stored, settings);

  // Thresholds are for the task as it was.
  const yaml = path.join(task, 'task.yaml');
  writeFileSync(yaml, `${readFileSync(yaml, 'utf8')}threshold: 0.1\n`);
  // Quietly, since it may calibrate before it can compare.
  const changed = await runSlm(['-q', 'run', task, '-m', cascade, data]);
  assertClearError(changed, 2, /thresholds of "cascade.*Choose them again/su);
});
