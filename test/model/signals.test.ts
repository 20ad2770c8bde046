import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { modelFile, smollm } from '../helpers/models.js';
import {
  binary,
  collect,
  exitOf,
  jsonl,
  linesOf,
  moodTask,
  slmEnv,
  startSlm,
  tempFolder,
  until,
} from '../helpers/slm.js';
import { hasTerminal, onTerminal } from '../helpers/terminal.js';

/** Two seconds is the promise; machines that test are often busy, and the process must get its turn. */
const mostMs = 4000;

/** Moments after the start, so that some fall into the loading, some into the work. */
const moments = [150, 400, 900, 2500];

const labelled = Array.from({ length: 60 }, (_, i) => ({
  text: `${'The soup was cold and the waiter looked away. '.repeat(30)} Table ${i}.`,
  label: i % 2 === 0 ? 'positive' : 'negative',
}));

before(() => modelFile(smollm));

describe('a signal ends within two seconds', () => {
  for (const [what, args] of [
    [
      'the calibration of a task',
      (folder: string) => ['run', 'qa', '-t', 'Who?', '--context', path.join(folder, 'a.txt')],
    ],
    [
      'a run on long texts',
      (folder: string) => ['run', 'sentiment', '--untuned', '-l', path.join(folder, 'a.txt'), '--json'],
    ],
    ['an evaluation', (folder: string) => ['eval', 'sentiment', '--untuned', '-d', path.join(folder, 'a.jsonl')]],
    ['tuning', (folder: string) => ['tune', 'sentiment', '-d', path.join(folder, 'a.jsonl'), '--into', folder]],
    ['making a derived file', () => ['models', 'derive', smollm, '--layers', '12', '--vocabulary', 'latin']],
    ['hashing', () => ['models', 'verify', smollm]],
    ['a warm host in the foreground', () => ['warm', 'sentiment', '--foreground']],
  ] as const) {
    test(what, async (t) => {
      const folder = tempFolder(t);
      writeFileSync(path.join(folder, 'a.txt'), `${'The soup was cold. '.repeat(900)}\n`.repeat(20));
      writeFileSync(path.join(folder, 'a.jsonl'), jsonl(labelled));
      mkdirSync(path.join(folder, 'run'), { mode: 0o700 });
      for (const [i, moment] of moments.entries()) {
        const cache = path.join(folder, `cache${i}`);
        const child = startSlm([...args(folder), ...(args(folder)[0] === 'models' ? [] : ['-m', smollm])], {
          env: { XDG_CACHE_HOME: cache, XDG_RUNTIME_DIR: path.join(folder, 'run'), SLM_OFFLINE: '1' },
        });
        const stdout = collect(child.stdout);
        const stderr = collect(child.stderr);
        const ended = exitOf(child);
        let over = false;
        void ended.then(() => {
          over = true;
        });
        await wait(moment);
        if (over) break;
        const start = performance.now();
        child.kill(i % 2 === 0 ? 'SIGTERM' : 'SIGINT');
        const code = await ended;
        const ms = performance.now() - start;
        assert.ok(ms < mostMs, `${moment} ms after the start it took ${ms.toFixed(0)} ms\n${stderr()}`);
        assert.ok([0, i % 2 === 0 ? 143 : 130].includes(code), `${code} ${stderr()}`);
        linesOf(stdout());
      }
    });
  }
});

/** Children of a process, by number; Linux alone tells. */
function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

function isAlive(pid: number): boolean {
  try {
    // Also where its parent has gone, and nobody has looked after it yet.
    return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('work in a process of its own', { skip: process.platform !== 'linux' }, () => {
  const tuning = async (t: TestContext) => {
    const folder = tempFolder(t);
    writeFileSync(path.join(folder, 'a.jsonl'), jsonl(labelled));
    const child = startSlm(['tune', 'sentiment', '-d', path.join(folder, 'a.jsonl'), '--into', folder, '-m', smollm], {
      env: { XDG_CACHE_HOME: path.join(folder, 'cache') },
    });
    const stderr = collect(child.stderr);
    const ended = exitOf(child);
    await until(() => childrenOf(child.pid as number).length > 0, 'the process that does the work');
    await until(() => stderr().includes('tuning sentiment'), 'its start');
    const [worker = 0] = childrenOf(child.pid as number);
    return { child, worker, ended, stderr };
  };

  test('ends with a second signal, too, however busy it is', async (t) => {
    const { child, worker, ended } = await tuning(t);
    // As if it trained: it reacts to nothing.
    process.kill(worker, 'SIGSTOP');
    child.kill('SIGINT');
    await wait(100);
    child.kill('SIGINT');
    assert.equal(await ended, 130);
    await until(() => !isAlive(worker), 'the end of the work', 2000);
  });

  test('ends as itself where the signal goes to both, as `timeout` sends it', async (t) => {
    const { child, worker, ended, stderr } = await tuning(t);
    process.kill(worker, 'SIGTERM');
    child.kill('SIGTERM');
    assert.equal(await ended, 143, stderr());
    assert.match(stderr(), /interrupted/u);
    assert.ok(!isAlive(worker));
  });
});

describe('the end of the terminal', { skip: !hasTerminal }, () => {
  const lines = 'The soup was cold.\n'.repeat(400);

  test('ends a command with exit code 129, and a job can go on', async (t) => {
    const cwd = tempFolder(t);
    writeFileSync(path.join(cwd, 'a.txt'), lines);
    const args = ['run', moodTask(), '-l', 'a.txt', '-m', smollm, '-o', 'out.jsonl'];
    const terminal = onTerminal(t, args, { cwd, columns: 80 });
    const output = path.join(cwd, 'out.jsonl');
    await until(() => existsSync(output) && readFileSync(output, 'utf8').includes('\n'), 'the first result');
    terminal.signal('SIGHUP');
    assert.equal(await terminal.ended, 129, terminal.drawn());
    assert.match(terminal.drawn(), /interrupted after \d+ records; .* --resume/u);
    assert.ok(!existsSync(`${output}.job.lock`));
  });

  for (const [what, args, sign] of [
    ['a job', ['run', moodTask(), '-l', 'a.txt', '-m', smollm, '-o', 'out.jsonl'], '/s'],
    ['a session', ['ask', 'a.txt', '-m', smollm], '› ▏'],
  ] as const) {
    test(`ends ${what} with that exit code, not by a crash, where the terminal is really gone`, async (t) => {
      const cwd = tempFolder(t);
      writeFileSync(path.join(cwd, 'a.txt'), lines);
      const command = [process.execPath, binary, ...args].map((arg) => `'${arg}'`).join(' ');
      writeFileSync(path.join(cwd, 'run.sh'), `trap '' HUP; ${command}; echo "code $?" > code`);
      const terminal = spawn('script', ['-qec', 'sh run.sh; true', '/dev/null'], {
        cwd,
        env: slmEnv({ TERM: 'xterm', CI: 'false' }),
      });
      const drawn = collect(terminal.stdout);
      await until(() => drawn().includes(sign), 'the work');
      terminal.kill('SIGKILL');
      const code = path.join(cwd, 'code');
      await until(() => existsSync(code) && readFileSync(code, 'utf8').endsWith('\n'), 'its end', 20_000);
      assert.equal(readFileSync(code, 'utf8'), 'code 129\n');
    });
  }

  test('does not end what reads and writes nothing there, as `nohup` starts it', async (t) => {
    const cwd = tempFolder(t);
    writeFileSync(path.join(cwd, 'a.txt'), lines.slice(0, 19 * 40));
    const args = ['run', moodTask(), '-l', 'a.txt', '-m', smollm, '-o', 'out.jsonl'];
    const command = [process.execPath, binary, ...args].map((arg) => `'${arg}'`).join(' ');
    writeFileSync(
      path.join(cwd, 'run.sh'),
      `trap '' HUP; nohup ${command} > log 2>&1 < /dev/null; echo "code $?" > code`,
    );
    const terminal = spawn('script', ['-qec', 'sh run.sh; true', '/dev/null'], { cwd, env: slmEnv({ CI: 'false' }) });
    const output = path.join(cwd, 'out.jsonl');
    await until(() => existsSync(output) && readFileSync(output, 'utf8').includes('\n'), 'the first result');
    terminal.kill('SIGKILL');
    const code = path.join(cwd, 'code');
    await until(() => existsSync(code) && readFileSync(code, 'utf8').endsWith('\n'), 'its end', 20_000);
    assert.equal(readFileSync(code, 'utf8'), 'code 0\n');
    assert.equal(linesOf(readFileSync(output, 'utf8')).length, 40);
  });
});

test('SIGHUP ends what has no terminal at all', async (t) => {
  const cwd = tempFolder(t);
  writeFileSync(path.join(cwd, 'a.txt'), 'The soup was cold.\n'.repeat(2000));
  const args = ['run', moodTask(), '-l', 'a.txt', '-m', smollm, '-o', 'out.jsonl'];
  // A session of its own has none.
  const child = spawn(process.execPath, [binary, ...args], { cwd, env: slmEnv({}), detached: true });
  const stderr = collect(child.stderr);
  const ended = exitOf(child);
  const output = path.join(cwd, 'out.jsonl');
  await until(() => existsSync(output) && readFileSync(output, 'utf8').includes('\n'), 'the first result');
  child.kill('SIGHUP');
  assert.equal(await ended, 129, stderr());
  assert.match(stderr(), /interrupted after \d+ records; .* --resume/u);
});

test('whoever reads what is said may go: a job goes on without', async (t) => {
  const cwd = tempFolder(t);
  const rows = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? { other: `${i}` } : { text: `A joy ${i}.` }));
  writeFileSync(path.join(cwd, 'a.jsonl'), jsonl(rows));
  const child = startSlm(['run', moodTask(), 'a.jsonl', '-m', smollm, '-o', 'out.jsonl', '--stats'], {
    cwd,
  });
  child.stderr.destroy();
  assert.equal(await exitOf(child), 4);
  assert.equal(linesOf(readFileSync(path.join(cwd, 'out.jsonl'), 'utf8')).length, 30);
});
