import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { HostStatus } from '../../src/host/protocol.js';
import { modelFile, smollm } from '../helpers/models.js';
import { collect, exitOf, root, runSlm, startSlm, until } from '../helpers/slm.js';

const runtime = mkdtempSync(path.join(tmpdir(), 'slm-warm-'));
const env = { XDG_RUNTIME_DIR: runtime };
const folder = path.join(runtime, 'slm');
const sentiment = path.join(runtime, 'tasks', 'sentiment');
const model = ['-m', smollm];
const texts = readFileSync(path.join(root, 'examples', 'reviews.txt'), 'utf8')
  .split('\n')
  .slice(0, 6)
  .join('\n');

const slm = (args: readonly string[], input = '') => runSlm(args, { env, input });
const run = (input: string, ...flags: string[]) =>
  slm(['run', sentiment, '--lines', '--json', ...model, ...flags], input);
const hosts = async () => JSON.parse((await slm(['ps', '--json'])).stdout) as HostStatus[];

async function warm(...flags: string[]): Promise<HostStatus> {
  const { code, stderr } = await slm(['warm', sentiment, ...model, ...flags]);
  assert.equal(code, 0, stderr);
  const [host] = await hosts();
  assert.ok(host !== undefined, 'a host is there');
  return host;
}

describe('a warm host', { skip: process.platform === 'win32' }, () => {
  let cold = '';
  before(async () => {
    await modelFile(smollm);
    cpSync(path.join(root, 'tasks', 'sentiment'), sentiment, { recursive: true });
    cold = (await run(texts)).stdout;
  });
  after(async () => {
    await slm(['stop', '--all']);
    rmSync(runtime, { recursive: true, force: true });
  });

  test('gives the same bytes, is counted, and is not used with --no-warm', async () => {
    const host = await warm();
    assert.equal(host.task, 'sentiment');
    assert.equal(host.model, smollm);
    assert.equal(host.records, 0);
    assert.ok(host.memoryBytes > 50e6);
    const { stdout, stderr, code } = await run(texts);
    assert.equal(stdout, cold);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.equal((await hosts())[0]?.records, 6);
    assert.equal((await run('A fine day.', '--no-warm')).code, 0);
    assert.equal((await hosts())[0]?.records, 6);
  });

  test('gives rows that cannot be read, and empty ones, the same as without', async () => {
    const rows = '{"text": "Fine."}\n{"text": ""}\nnonsense\n{"other": 1}\n{"text": "\\ud83d half", "id": 7}\n';
    const args = ['run', sentiment, '--input-format', 'jsonl', '--json', ...model];
    const through = await slm(args, rows);
    const here = await slm([...args, '--no-warm'], rows);
    assert.deepEqual([through.stdout, through.stderr, through.code], [here.stdout, here.stderr, here.code]);
    assert.equal(through.code, 4);
  });

  test('has a socket that is closed to everybody else', async () => {
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const [socket] = readdirSync(folder);
    assert.equal(statSync(path.join(folder, socket as string)).mode & 0o777, 0o600);
  });

  test('is not made twice', async () => {
    const { code, stderr } = await slm(['warm', sentiment, ...model]);
    assert.equal(code, 0);
    assert.match(stderr, /warm already/u);
    assert.equal((await hosts()).length, 1);
  });

  test('serves two at once', async () => {
    const both = await Promise.all([run(texts), run(texts)]);
    assert.deepEqual(
      both.map(({ stdout }) => stdout),
      [cold, cold],
    );
  });

  test('does not serve other options', async () => {
    const before = (await hosts())[0]?.records;
    assert.equal((await run('A fine day.', '--threshold', '0.4')).code, 0);
    assert.equal((await hosts())[0]?.records, before);
  });

  test('that is killed in the middle of a run costs no record and doubles none', async () => {
    const [host] = await hosts();
    const child = startSlm(['run', sentiment, '--lines', '--json', ...model], { env });
    const stdout = collect(child.stdout);
    const lines = texts.split('\n');
    child.stdin.write(`${lines.slice(0, 3).join('\n')}\n`);
    await until(() => stdout().includes('\n'), 'the first result');
    process.kill((host as HostStatus).pid, 'SIGKILL');
    child.stdin.end(`${lines.slice(3).join('\n')}\n`);
    assert.equal(await exitOf(child), 0);
    assert.equal(stdout(), cold);
    assert.equal(readdirSync(folder).length, 1, 'its socket is still there');
  });

  test('that was killed is no obstacle: runs do without, and a new one takes its place', async () => {
    assert.equal((await run('A fine day.')).code, 0);
    await warm();
    assert.equal((await run(texts)).stdout, cold);
  });

  test('ends when its task has changed', async () => {
    const file = path.join(sentiment, 'task.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace(/^description: .*$/mu, 'description: Changed.'));
    assert.equal((await run(texts)).stdout, cold);
    writeFileSync(file, before);
    assert.deepEqual(await hosts(), []);
  });

  test('ends when nobody comes, and when it is told to', async () => {
    await warm('--keep-alive', '500ms');
    const alive = () => readdirSync(folder).length > 0;
    await until(() => !alive(), 'the end of an idle host', 20_000);
    await warm();
    const { code, stderr } = await slm(['stop', 'sentiment']);
    assert.equal(code, 0);
    assert.match(stderr, /stopped sentiment/u);
    assert.equal(alive(), false);
    assert.equal((await slm(['stop', 'sentiment'])).code, 2);
  });

  test('is left by a run with --keep-alive, and a host that cannot start says why', async () => {
    assert.equal((await run('A fine day.', '--keep-alive', '1m')).code, 0);
    assert.equal((await hosts())[0]?.records, 1);
    const { code, stderr } = await slm(['warm', sentiment, '-m', 'nonsense', '--offline']);
    assert.equal(code, 3);
    assert.match(stderr, /No model "nonsense"/u);
  });
});
