import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { createRandom } from '../../src/random.js';
import { runWithKills } from '../helpers/kill-loop.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import {
  assertClearError,
  assertNoTrace,
  collect,
  exitOf,
  jsonl,
  linesOf,
  moodTask,
  parsed,
  root,
  runSlm,
  slmEnv,
  startSlm,
  tempFolder,
  until,
} from '../helpers/slm.js';

const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => `Number ${i} was ${i % 3 === 0 ? 'dreadful' : 'a joy'}, he said.\n`).join('');
const args = (...more: string[]) => ['run', moodTask(), '-m', smollm, '--lines', ...more];
const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

let smollmFile: string;
let gemmaFile: string;
before(async () => {
  smollmFile = await modelFile(smollm);
  gemmaFile = await modelFile(gemma);
  // Calibrated once, so that no run has to say that it is.
  await runSlm(args(), { input: lines(1) });
});

/** The output of an unbroken run. */
async function unbroken(t: TestContext, input: string, suffix = 'jsonl'): Promise<string> {
  const file = path.join(tempFolder(t), `whole.${suffix}`);
  const { code, stderr } = await runSlm(args('-o', file), { input });
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(path.dirname(file)), [`whole.${suffix}`], 'nothing is left beside it');
  return readFileSync(file, 'utf8');
}

/** A run on an input that stays open, after its first results are there. */
async function runningJob(output: string, input: string, results: number, more: string[] = []) {
  const child = startSlm(args('-o', output, ...more));
  const stderr = collect(child.stderr);
  const end = exitOf(child);
  child.stdin.write(input);
  const done = () => (existsSync(output) ? readFileSync(output, 'utf8').split('\n').length - 1 : 0);
  await until(() => done() >= results, `${results} results; stderr: ${stderr()}`);
  return { child, end, stderr };
}

describe('kill -9', () => {
  test('eight times at random moments changes nothing in the end', async (t) => {
    const input = lines(32);
    for (const suffix of ['jsonl', 'csv']) {
      const whole = await unbroken(t, input, suffix);
      const output = path.join(tempFolder(t), `broken.${suffix}`);
      const loop = { args: args(), input, output, totalBytes: whole.length, kills: 4, random: createRandom(7) };
      const { kills } = await runWithKills({ ...loop, log: (line) => t.diagnostic(`${suffix}: ${line}`) });
      assert.equal(kills, 4);
      const resumed = readFileSync(output, 'utf8');
      t.diagnostic(
        `${suffix}: ${linesOf(resumed).length} lines, ${resumed.length} bytes; unbroken ${whole.length} bytes`,
      );
      assert.equal(resumed, whole);
      assert.deepEqual(readdirSync(path.dirname(output)).sort(), [`broken.${suffix}`, `broken.${suffix}.job.json`]);
    }
  });
});

describe('signals', () => {
  test('SIGINT and SIGTERM leave whole records, say how to go on, and end with 130 and 143', async (t) => {
    const input = lines(30);
    const whole = await unbroken(t, input);
    const output = path.join(tempFolder(t), 'out.jsonl');
    for (const [signal, code, more] of [
      ['SIGINT', 130, []],
      ['SIGTERM', 143, ['--resume']],
    ] as const) {
      const results = linesOf(existsSync(output) ? readFileSync(output, 'utf8') : '').length + 2;
      const { child, end, stderr } = await runningJob(output, input, results, [...more]);
      child.kill(signal);
      assert.equal(await end, code, stderr());
      assert.match(stderr(), /interrupted after \d+ records; \d+ records are done; the same command with --resume/u);
      assert.ok(whole.startsWith(readFileSync(output, 'utf8')));
      assert.ok(!existsSync(`${output}.job.lock`));
    }
    assertClearError(
      await runSlm(args('-o', output), { input }),
      2,
      /has not finished: \d+ records.*\n.*--resume.*--restart/u,
    );
    const resumed = await runSlm(args('-o', output, '--resume'), { input });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(readFileSync(output, 'utf8'), whole);
  });

  test('SIGSTOP and SIGCONT do no harm', async (t) => {
    const input = lines(12);
    const whole = await unbroken(t, input);
    const output = path.join(tempFolder(t), 'out.jsonl');
    const { child, end, stderr } = await runningJob(output, input, 3);
    child.kill('SIGSTOP');
    const size = sizeOf(output);
    // A stopped process still has its output.
    assertClearError(await runSlm(args('-o', output, '--resume'), { input }), 1, /being written by process \d+/u);
    assert.equal(sizeOf(output), size);
    child.kill('SIGCONT');
    child.stdin.end();
    assert.equal(await end, 0, stderr());
    assert.equal(readFileSync(output, 'utf8'), whole);
  });
});

describe('two processes on one output', () => {
  test('the second one is refused, and the first one is not disturbed', async (t) => {
    const input = lines(6);
    const output = path.join(tempFolder(t), 'out.jsonl');
    const { child, end, stderr } = await runningJob(output, input, 1);
    for (const more of [[], ['--resume'], ['--restart'], ['--retry-failed']]) {
      const second = await runSlm(args('-o', output, ...more), { input: lines(3) });
      assertClearError(second, 1, new RegExp(`being written by process ${child.pid}`, 'u'));
    }
    child.stdin.end();
    assert.equal(await end, 0, stderr());
    assert.equal(readFileSync(output, 'utf8'), await unbroken(t, input));
  });
});

describe('going on', () => {
  test('is refused with other options or another input, and nothing is touched', async (t) => {
    const input = lines(8);
    const output = path.join(tempFolder(t), 'out.jsonl');
    const { child, end } = await runningJob(output, input, 3);
    child.kill('SIGKILL');
    await end;
    const before = readFileSync(output, 'utf8');
    const refused = async (message: RegExp, more: string[], text = input) => {
      assertClearError(await runSlm(args('-o', output, '--resume', ...more), { input: text }), 2, message);
      assert.ok(before.startsWith(readFileSync(output, 'utf8')));
    };
    await refused(/threshold: 0, below it abstain → 0\.9, below it abstain/u, ['--threshold', '0.9']);
    await refused(/offsets: codepoint → byte\n +shard|shard: none → 1\/2\n.*offsets: codepoint → byte/u, [
      '--offsets',
      'byte',
      '--shard',
      '1/2',
    ]);
    await refused(/limit: none → 5/u, ['--limit', '5']);
    await refused(/input is not the one/u, [], `changed ${input}`);
    const resumed = await runSlm(args('--resume', output), { input });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(readFileSync(output, 'utf8'), await unbroken(t, input));
  });
});

test('a field that comes up in a growing input after a run with CSV has begun is said to have no column', async (t) => {
  const folder = tempFolder(t);
  const [first, second] = [path.join(folder, 'a.jsonl'), path.join(folder, 'b.jsonl')];
  writeFileSync(first, jsonl(Array.from({ length: 40 }, (_, i) => ({ text: `It is a joy ${i}.`, note: `${i}` }))));
  writeFileSync(second, jsonl([{ text: 'It was dreadful.' }]));
  const output = path.join(folder, 'out.csv');
  const child = startSlm(['run', moodTask(), '-m', smollm, first, second, '-o', output]);
  const stderr = collect(child.stderr);
  const end = exitOf(child);
  await until(() => sizeOf(output) > 0, 'the first result');
  appendFileSync(second, jsonl([{ text: 'It was fine.', late: 'x' }]));
  assert.equal(await end, 0, stderr());
  assert.match(stderr(), /b\.jsonl:2: the field "late" has no column: no record had it when the run began/u);
  assert.doesNotMatch(stderr(), /"note" has no column/u);
});

describe('a full disk', () => {
  const blobs = (count: number) =>
    jsonl(Array.from({ length: count }, (_, i) => ({ text: `It is a joy ${i}.`, blob: 'x'.repeat(40_000) })));

  test('is one clear error; what is written is whole and can be resumed', async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'slm-small-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=800k', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      rmSync(folder, { recursive: true });
      return t.skip('mounting a small tmpfs needs root');
    }
    t.after(() => {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    });
    const input = path.join(tempFolder(t), 'in.jsonl');
    writeFileSync(input, blobs(24));
    const output = path.join(folder, 'out.jsonl');
    const run = (...more: string[]) => runSlm(['run', moodTask(), '-m', smollm, input, ...more]);
    const full = await run('-o', output);
    assertClearError(full, 1, /cannot write to .*out\.jsonl.*the disk is full\n +\d+ records are done and whole/u);
    const written = parsed(readFileSync(output, 'utf8'));
    assert.ok(written.length > 5 && written.length < 24, `${written.length} records`);
    assertClearError(await run('-o', output, '--resume'), 1, /the disk is full/u);
    execFileSync('mount', ['-o', 'remount,size=4m', folder]);
    const resumed = await run('-o', output, '--resume');
    assert.equal(resumed.code, 0, resumed.stderr);
    const whole = await run('--json');
    assert.equal(readFileSync(output, 'utf8'), whole.stdout);
  });

  test('a file that may not become larger is the same', { skip: process.platform === 'win32' }, async (t) => {
    const folder = tempFolder(t);
    const input = path.join(folder, 'in.jsonl');
    writeFileSync(input, blobs(24));
    const output = path.join(folder, 'out.jsonl');
    const command = ['bin/slm.js', 'run', moodTask(), '-m', smollm, input, '-o', output];
    const child = spawn('bash', ['-c', 'ulimit -f 500; exec "$0" "$@"', process.execPath, ...command], {
      cwd: root,
      env: slmEnv(),
    });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    const code = await exitOf(child);
    assertClearError(
      { code, stdout: stdout(), stderr: stderr(), ms: 0 },
      1,
      /may not become larger.*\n +\d+ records are done/u,
    );
    assert.ok(parsed(readFileSync(output, 'utf8')).length > 3);
  });

  test('on standard output is one clear error', { skip: !existsSync('/dev/full') }, async () => {
    const child = spawn('bash', ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, 'bin/slm.js', ...args()], {
      cwd: root,
      env: slmEnv(),
    });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    child.stdin.end(lines(3));
    assertClearError(
      { code: await exitOf(child), stdout: stdout(), stderr: stderr(), ms: 0 },
      1,
      /standard output: the disk is full/u,
    );
  });
});

describe('the model file', () => {
  const start = async (t: TestContext) => {
    const folder = tempFolder(t);
    const model = path.join(folder, 'own.gguf');
    copyFileSync(smollmFile, model);
    const output = path.join(folder, 'out.jsonl');
    const child = startSlm(['run', moodTask(), '-m', model, '--lines', '-o', output]);
    const stderr = collect(child.stderr);
    const end = exitOf(child);
    child.stdin.write(lines(2));
    await until(
      () => existsSync(output) && readFileSync(output, 'utf8').split('\n').length > 2,
      `results: ${stderr()}`,
    );
    return { folder, model, output, child, stderr, end };
  };

  test('may be replaced under way: the run goes on with the one it has', async (t) => {
    const { folder, model, output, child, stderr, end } = await start(t);
    writeFileSync(path.join(folder, 'new.gguf'), 'something else');
    renameSync(path.join(folder, 'new.gguf'), model);
    child.stdin.end(lines(12).split('\n').slice(2).join('\n'));
    assert.equal(await end, 0, stderr());
    assert.equal(readFileSync(output, 'utf8'), await unbroken(t, lines(12)));
  });

  test('that is written to stops the run with no wrong result, and the job with another model is refused', async (t) => {
    const { folder, model, output, child, stderr, end } = await start(t);
    const file = openSync(model, 'r+');
    writeSync(file, Buffer.alloc(1 << 20, 0x55), 0, 1 << 20, 50_000_000);
    closeSync(file);
    child.stdin.end(lines(12).split('\n').slice(2).join('\n'));
    assert.equal(await end, 3, stderr());
    assert.match(stderr(), /was written to while it was in use/u);
    assertNoTrace(stderr());
    const whole = await unbroken(t, lines(12));
    assert.ok(whole.startsWith(readFileSync(output, 'utf8')));
    const resume = ['run', moodTask(), '-m', model, '--lines', '-o', output, '--resume'];
    const put = (other: string) => {
      copyFileSync(other, path.join(folder, 'again.gguf'));
      renameSync(path.join(folder, 'again.gguf'), model);
    };
    put(gemmaFile);
    assertClearError(
      await runSlm([...resume, '--quiet'], { input: lines(12) }),
      2,
      /model sha256: [0-9a-f]{64} → [0-9a-f]{64}/u,
    );
    put(smollmFile);
    const resumed = await runSlm(resume, { input: lines(12) });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(readFileSync(output, 'utf8'), whole);
  });
});

describe('sharing and repeating work', () => {
  test('shards of an input make up the whole, with its ids', async (t) => {
    const input = lines(11);
    const whole = linesOf(await unbroken(t, input));
    const parts: string[][] = [];
    for (const part of [1, 2, 3]) {
      const { code, stdout, stderr } = await runSlm(args('--json', '--shard', `${part}/3`), { input });
      assert.equal(code, 0, stderr);
      parts.push(linesOf(stdout));
    }
    assert.deepEqual(
      parts.map((part) => part.length),
      [4, 4, 3],
    );
    assert.deepEqual(
      whole,
      whole.map((_, i) => parts[i % 3]?.[Math.floor(i / 3)]),
    );
    for (const wrong of ['0/3', '4/3', 'x']) assert.equal((await runSlm(args('--shard', wrong), { input })).code, 2);
  });

  test('--cache gives the same bytes without asking the model, and notes no other task or threshold', async (t) => {
    const env = { XDG_CACHE_HOME: tempFolder(t) };
    const input = lines(6).repeat(2);
    const plain = await runSlm(args('--json'), { input, env });
    const run = async (...more: string[]) => {
      const { code, stdout, stderr } = await runSlm(args('--json', '--cache', '--stats', ...more), { input, env });
      assert.equal(code, 0, stderr);
      return { stdout, stats: JSON.parse(linesOf(stderr).at(-1) as string) };
    };
    const first = await run();
    assert.equal(first.stdout, plain.stdout);
    const second = await run();
    assert.equal(second.stdout, plain.stdout);
    assert.equal(second.stats.run.cached, 12);
    assert.equal(second.stats.run.tokens.evaluatedTokens, 0);
    const other = await run('--threshold', '0.99');
    assert.ok(other.stats.run.cached <= 6);
    assert.equal(other.stats.abstained, parsed(other.stdout).filter((row) => row.abstained).length);
  });

  test('--retry-failed does failed records again and leaves the others', async (t) => {
    const folder = tempFolder(t);
    const input = path.join(folder, 'in.txt');
    const long = `A joy${' and a joy'.repeat(30)}.\n`;
    writeFileSync(input, lines(3) + long + lines(2) + long);
    for (const suffix of ['jsonl', 'csv']) {
      const output = path.join(folder, `out.${suffix}`);
      const whole = path.join(folder, `whole.${suffix}`);
      assert.equal((await runSlm(args(input, '-o', whole))).code, 0);
      const first = await runSlm(args(input, '-o', output, '--max-record-size', '100'));
      assert.equal(first.code, 4, first.stderr);
      const again = await runSlm(args(input, '-o', output, '--retry-failed', '--max-record-size', '100'));
      assert.equal(again.code, 4, again.stderr);
      assert.match(again.stderr, /2 of 2 records failed/u);
      const retried = await runSlm(args(input, '-o', output, '--retry-failed', '--stats'));
      assert.equal(retried.code, 0, retried.stderr);
      assert.equal(JSON.parse(linesOf(retried.stderr).at(-1) as string).run.records, 2);
      // A text that could not be read at first is passed through as it is now.
      assert.equal(readFileSync(output, 'utf8'), readFileSync(whole, 'utf8'));
    }
    const tsv = path.join(folder, 'out.tsv');
    await runSlm(args(input, '-o', tsv));
    assertClearError(await runSlm(args(input, '-o', tsv, '--retry-failed')), 2, /tsv does not tell/u);
  });
});
