import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { modelFile, smollm } from '../helpers/models.js';
import { jsonl, parsed, runSlm, writeTask } from '../helpers/slm.js';

const folder = mkdtempSync(path.join(tmpdir(), 'slm-among-'));
const texts = 'What a lovely evening!\nThe shop opens at nine.\nBroken on arrival.\n';
const two = ['--among', 'good,bad'];

/** Three labels, ready in a second. */
const task = () =>
  writeTask('three-moods', {
    'task.yaml':
      'name: three-moods\ntype: classify\nlabels: [good, plain, bad]\nexamples: examples.jsonl\n' +
      'prompt:\n  instruction: ""\n  base: |\n    Review: {{ text }}\n    Mood:\n  use: base\noptions:\n  shots: 3\n',
    'examples.jsonl': jsonl([
      { text: 'Kind staff and a great view.', label: 'good' },
      { text: 'The parcel has two parts.', label: 'plain' },
      { text: 'Never again, a waste of money.', label: 'bad' },
    ]),
  });

const slm = (args: readonly string[], input = '') => runSlm(args, { input, env: { XDG_RUNTIME_DIR: folder } });
const run = (...flags: string[]) => slm(['run', task(), '--lines', '--json', '-m', smollm, ...flags], texts);

describe('slm --among', { skip: process.platform === 'win32' }, () => {
  before(() => modelFile(smollm));
  after(async () => {
    await slm(['stop', '--all']);
    rmSync(folder, { recursive: true, force: true });
  });

  test('gives the shares among the chosen labels, here and from a warm host of its own', async () => {
    const all = parsed((await run()).stdout);
    const { code, stdout, stderr } = await run(...two);
    assert.equal(code, 0, stderr);
    const chosen = parsed(stdout);
    for (const [i, { label, score, scores }] of chosen.entries()) {
      assert.deepEqual(Object.keys(scores), ['good', 'bad']);
      assert.equal(score, Math.max(scores.good, scores.bad));
      assert.equal(scores[label], score);
      const before = all[i].scores;
      assert.ok(Math.abs(scores.good - before.good / (before.good + before.bad)) < 1e-5);
    }
    const warmed = await slm(['warm', task(), '-m', smollm, '--among', 'bad,good']);
    assert.equal(warmed.code, 0, warmed.stderr);
    assert.equal((await run(...two)).stdout, stdout);
    const [host] = JSON.parse((await slm(['ps', '--json'])).stdout);
    assert.equal(host.records, 3);
    assert.deepEqual(parsed((await run()).stdout), all);
  });

  test('makes another job and other kept results of the same input', async () => {
    const out = path.join(folder, 'out.jsonl');
    const input = path.join(folder, 'in.txt');
    writeFileSync(input, texts);
    const job = (...flags: string[]) =>
      slm(['run', task(), input, '--lines', '-m', smollm, '--no-warm', '--cache', '-o', out, '--resume', ...flags]);
    assert.equal((await job()).code, 0);
    const first = readFileSync(out, 'utf8');
    const { code, stderr } = await job(...two);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /among: none → good bad/u);
    assert.equal(readFileSync(out, 'utf8'), first);
    const again = await slm(['run', task(), input, '--lines', '--json', '-m', smollm, '--cache', ...two]);
    assert.deepEqual(Object.keys(parsed(again.stdout)[0].scores), ['good', 'bad']);
  });

  test('refuses a label that the task does not have, in run, eval and --dry-run', async () => {
    for (const args of [
      ['run', task(), '--lines'],
      ['run', task(), '--lines', '--dry-run'],
      ['eval', task(), '--data', '-', '--data-format', 'jsonl'],
    ]) {
      const { code, stdout, stderr } = await slm([...args, '--among', 'god,bad'], jsonl([{ text: 'x', label: 'bad' }]));
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /task "three-moods" has no label "god"\. Did you mean "good"\?/u);
    }
  });

  test('measures a corpus of two labels, and leaves out the records with another', async () => {
    const data = path.join(folder, 'data.tsv');
    writeFileSync(data, 'It was wonderful.\t1\nIt was awful.\t0\nIt was a Tuesday.\t2\n');
    const { code, stdout, stderr } = await slm([
      ...[
        'eval',
        task(),
        '-m',
        smollm,
        '--data',
        data,
        '--columns',
        'text,label',
        '--label-map',
        '0=bad,1=good,2=plain',
      ],
      ...two,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /2 records of .*data\.tsv\namong good, bad; 1 left out/u);
  });
});
