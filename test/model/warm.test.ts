import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { HostStatus } from '../../src/host/protocol.js';
import { modelFile, smollm } from '../helpers/models.js';
import { collect, exitOf, jsonl, root, runSlm, startSlm, until } from '../helpers/slm.js';

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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a warm host', { skip: process.platform === 'win32' }, () => {
  let cold = '';
  before(async () => {
    await modelFile(smollm);
    cpSync(path.join(root, 'tasks', 'sentiment'), sentiment, { recursive: true });
    // What was tuned would not fit the task any more once a test has changed it.
    rmSync(path.join(sentiment, 'tuned'), { recursive: true });
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

  test('does jobs with the same output and the same note beside it, and goes on with those of others', async () => {
    const input = path.join(runtime, 'reviews.jsonl');
    const rows = texts.split('\n').map((text, i) => (i === 2 ? { other: text } : { text }));
    writeFileSync(input, jsonl(rows));
    const job = async (name: string, ...flags: string[]) => {
      const file = path.join(runtime, name);
      const { code, stderr } = await slm(['run', sentiment, ...model, input, '-o', file, ...flags, '--resume']);
      assert.equal(code, 4, stderr);
      return [readFileSync(file, 'utf8'), readFileSync(`${file}.job.json`, 'utf8')];
    };
    const through = await job('through.jsonl');
    const before = (await hosts())[0]?.records as number;
    assert.deepEqual(await job('here.jsonl', '--no-warm'), through);
    assert.equal((await hosts())[0]?.records, before);

    writeFileSync(input, jsonl([...rows, { text: 'A fine day.' }, { text: 'A bad one.' }]));
    const longer = await job('here.jsonl');
    assert.equal((await hosts())[0]?.records, before + 2, 'only what was new');
    assert.deepEqual(await job('through.jsonl', '--no-warm'), longer);

    rows[2] = { text: texts.split('\n')[2] as string };
    writeFileSync(input, jsonl([...rows, { text: 'A fine day.' }, { text: 'A bad one.' }]));
    const file = path.join(runtime, 'here.jsonl');
    const retry = await slm(['run', sentiment, ...model, input, '-o', file, '--retry-failed', '--stats']);
    assert.equal(retry.code, 0, retry.stderr);
    assert.equal((await hosts())[0]?.records, before + 3);
    const { run } = JSON.parse(retry.stderr) as { run: { records: number; tokens: unknown } };
    assert.deepEqual([run.records, run.tokens], [1, null]);
    const whole = await slm(['run', sentiment, ...model, input, '--json', '--no-warm']);
    assert.equal(readFileSync(file, 'utf8'), whole.stdout);

    const part = await slm(['run', sentiment, ...model, input, '--json', '--shard', '2/3']);
    assert.equal(
      part.stdout,
      whole.stdout
        .split(/(?<=\n)/u)
        .filter((_, i) => i % 3 === 1)
        .join(''),
    );
    assert.equal((await hosts())[0]?.records, before + 6);
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

  test('that is stopped in the middle of a run does not hold it up for good', async () => {
    const { pid } = await warm();
    const child = startSlm(['run', sentiment, '--lines', '--json', ...model], { env });
    const stdout = collect(child.stdout);
    const lines = texts.split('\n');
    child.stdin.write(`${lines.slice(0, 3).join('\n')}\n`);
    await until(() => stdout().includes('\n'), 'the first result');
    process.kill(pid, 'SIGSTOP');
    try {
      child.stdin.end(`${lines.slice(3).join('\n')}\n`);
      assert.equal(await exitOf(child), 0);
      assert.equal(stdout(), cold);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
    await until(() => !isAlive(pid), 'its end');
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

  /** Begins a run, and changes the task after its first result; it reads on when `work` is done. */
  async function changeUnder(work: (pid: number) => Promise<void>, from: RegExp, to: string) {
    const { pid } = await warm();
    const child = startSlm(['run', sentiment, '--lines', '--json', ...model], { env });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    const lines = texts.split('\n');
    child.stdin.write(`${lines.slice(0, 3).join('\n')}\n`);
    await until(() => stdout().includes('\n'), 'the first result');
    const file = path.join(sentiment, 'task.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace(from, to));
    await work(pid);
    child.stdin.end(`${lines.slice(3).join('\n')}\n`);
    const code = await exitOf(child);
    writeFileSync(file, before);
    return { code, stdout: stdout(), stderr: stderr(), pid };
  }

  test('whose task changes serves those who began before to their end', async () => {
    const inUse = async (pid: number) => {
      assert.equal((await run(texts)).stdout, cold);
      assert.deepEqual(await hosts(), [], 'nobody finds it');
      assert.ok(isAlive(pid));
    };
    const { code, stdout, pid } = await changeUnder(inUse, /^description: .*$/mu, 'description: Changed.');
    assert.equal(code, 0);
    assert.equal(stdout, cold);
    await until(() => !isAlive(pid), 'its end');
  });

  test('whose task changes before it is killed leaves its run to end, not to mix results', async () => {
    const killed = async (pid: number) => void process.kill(pid, 'SIGKILL');
    const { code, stdout, stderr } = await changeUnder(killed, /calibration: fitted/u, 'calibration: none');
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^slm: the warm host has ended, and the task has changed since it started:/mu);
    assert.ok(stdout.endsWith('\n') && stdout !== cold && cold.startsWith(stdout));
  });

  test('ends when nobody comes, and when it is told to', async () => {
    await warm('--keep-alive', '500ms');
    const alive = () => readdirSync(folder).length > 0;
    await until(() => !alive(), 'the end of an idle host');
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
