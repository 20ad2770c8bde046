import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { claimOutput, claimResults, type Job, type JobStart } from '../../src/jobs/job.js';
import { createJournal } from '../../src/jobs/journal.js';
import { createRollingDigest } from '../../src/jobs/rolling-digest.js';
import type { JobSpec } from '../../src/jobs/spec.js';
import type { InputRecord, Prediction } from '../../src/types.js';
import { tempFolder } from '../helpers/slm.js';

const spec: JobSpec = { task: 'mood', threshold: 0.5, inputs: ['a.txt'] };

function recordAt(index: number, text = `text ${index}`): InputRecord {
  return { index, id: String(index + 1), text, fields: { text }, added: null, origin: { file: '-', line: index + 1 } };
}

async function* recordsUpTo(count: number) {
  for (let index = 0; index < count; index++) yield recordAt(index);
}

/** Several rows for some records, none for others, as `extract` writes them; quoted line ends as in csv. */
function textOf({ index }: InputRecord): string {
  return `"entity\nof ${index}",é\n`.repeat(index % 3);
}

const predictionOf = (record: InputRecord): Prediction =>
  record.index % 7 === 3
    ? { record, error: 'no good', ms: 0 }
    : { record, output: { type: 'answer', answer: record.index % 2 === 0 ? 'x' : null, score: 1 }, ms: 0 };

const begin = (output: string, start: JobStart, as: JobSpec = spec) => claimOutput(output, start, () => 0).begin(as);

/** Works on up to `most` records of `total`. Returns whether all are done. */
async function work(job: Job, total: number, most = Number.POSITIVE_INFINITY): Promise<boolean> {
  let done = 0;
  for await (const record of job.rest(recordsUpTo(total))) {
    if (done++ === most) return false;
    await job.write(predictionOf(record as InputRecord), textOf(record as InputRecord));
  }
  return true;
}

/** As if the process were gone: what it has is left as it is. */
function crash(output: string): void {
  rmSync(`${output}.job.lock`);
}

function outputIn(t: TestContext): string {
  return path.join(tempFolder(t), 'out.csv');
}

async function expected(total: number): Promise<string> {
  let text = '';
  for await (const record of recordsUpTo(total)) text += textOf(record);
  return text;
}

describe('a job', () => {
  it('that is not broken off leaves its output and nothing else', async (t) => {
    const output = outputIn(t);
    const job = await begin(output, 'new');
    await work(job, 20);
    await job.finish(false);
    assert.equal(readFileSync(output, 'utf8'), await expected(20));
    assert.deepEqual(readdirSync(path.dirname(output)), ['out.csv']);
  });

  it('that dies at any moment, over and over, ends with the output of an unbroken one', async (t) => {
    const folder = tempFolder(t);
    let run = 0;
    const step = fc.record({
      records: fc.nat(12),
      // What the disk has of the rows after the last checkpoint, or lacks of those before.
      garbage: fc.string({ maxLength: 30 }),
      lost: fc.nat(60),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.integer({ min: 0, max: 40 }), async (steps, total) => {
        const output = path.join(folder, `${run++}.csv`);
        for (const [index, { records, garbage, lost }] of steps.entries()) {
          const job = await begin(output, index === 0 ? 'new' : 'resume');
          await work(job, total, records);
          const from = job.start.bytes;
          const size = readFileSync(output).length;
          crash(output);
          if (lost % 2 === 0) appendFileSync(output, garbage);
          else truncateSync(output, Math.max(from, size - lost));
        }
        const job = await begin(output, 'resume');
        assert.ok(await work(job, total));
        const { now } = job;
        await job.finish(true);
        assert.equal(readFileSync(output, 'utf8'), await expected(total));
        const failed = Array.from({ length: total }, (_, i) => i).filter((i) => i % 7 === 3).length;
        const withheld = Array.from({ length: total }, (_, i) => i).filter((i) => i % 7 !== 3 && i % 2 === 1).length;
        assert.deepEqual([now.records, now.failed, now.abstained], [total, failed, withheld]);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on after thousands of records, whose journal stays small', async (t) => {
    const output = outputIn(t);
    await work(await begin(output, 'new'), 3000, 2500);
    crash(output);
    assert.equal(readFileSync(`${output}.job.journal`).length, 256 * 1024);
    const job = await begin(output, 'resume');
    assert.equal(job.start.records, 2500);
    assert.ok(await work(job, 3000));
    await job.finish(true);
    assert.equal(readFileSync(output, 'utf8'), await expected(3000));
  });

  it('that has finished goes on when its input has grown, and does nothing when it has not', async (t) => {
    const output = outputIn(t);
    const first = await begin(output, 'resume');
    await work(first, 10);
    await first.finish(true);
    const same = await begin(output, 'resume');
    assert.ok(await work(same, 10, 0));
    await same.finish(true);
    assert.equal(readFileSync(output, 'utf8'), await expected(10));
    const more = await begin(output, 'resume');
    assert.ok(await work(more, 25, 15));
    await more.finish(true);
    assert.equal(readFileSync(output, 'utf8'), await expected(25));
  });

  it('is not overwritten by accident when it was broken off', async (t) => {
    const output = outputIn(t);
    await work(await begin(output, 'new'), 10, 5);
    crash(output);
    const before = readFileSync(output, 'utf8');
    assert.throws(() => claimOutput(output, 'new', () => 0), /has not finished: 5 records are done/u);
    assert.equal(readFileSync(output, 'utf8'), before);
    const again = await begin(output, 'restart');
    assert.ok(await work(again, 10));
    await again.finish(false);
    assert.equal(readFileSync(output, 'utf8'), await expected(10));
  });
});

describe('going on is refused', () => {
  const broken = async (t: TestContext) => {
    const output = outputIn(t);
    await work(await begin(output, 'new'), 10, 6);
    crash(output);
    return output;
  };
  const untouched = async (output: string, attempt: () => Promise<unknown>, message: RegExp) => {
    const before = readFileSync(output, 'utf8');
    await assert.rejects(attempt, message);
    assert.equal(readFileSync(output, 'utf8'), before);
  };

  it('with other settings, and says which', async (t) => {
    const output = await broken(t);
    const other = { ...spec, threshold: 0.7, inputs: ['a.txt', 'b.txt'] };
    await untouched(
      output,
      () => begin(output, 'resume', other),
      /threshold: 0\.5 → 0\.7\n +inputs: a\.txt → a\.txt b\.txt$/u,
    );
  });

  it('on another input', async (t) => {
    const output = await broken(t);
    const job = await begin(output, 'resume');
    async function* changed() {
      for (let index = 0; index < 10; index++) yield recordAt(index, index === 2 ? 'another text' : undefined);
    }
    const attempt = async () => {
      for await (const _ of job.rest(changed())) assert.fail('no record may be done');
    };
    await assert.rejects(attempt, /input is not the one .* first 6 records differ/u);
    await job.stop();
    const short = await begin(output, 'resume');
    await assert.rejects(work(short, 4), /has 4 records, but 6 were done/u);
  });

  it('when somebody has edited the output', async (t) => {
    const output = await broken(t);
    writeFileSync(output, readFileSync(output, 'utf8').replace('entity', 'ENTITY'));
    await untouched(output, () => begin(output, 'resume'), /was changed since/u);
  });

  it('when the journal is gone or the output is cut short of it', async (t) => {
    const output = await broken(t);
    const resumed = await begin(output, 'resume');
    await resumed.stop();
    truncateSync(output, 3);
    await untouched(output, () => begin(output, 'resume'), /shorter than its journal/u);
    rmSync(`${output}.job.lock`, { force: true });
    rmSync(`${output}.job.journal`);
    await untouched(output, () => begin(output, 'resume'), /its journal is missing/u);
  });

  it('on a file that is no job', (t) => {
    const output = outputIn(t);
    writeFileSync(output, 'my thesis\n');
    assert.throws(() => claimOutput(output, 'resume', () => 0), /not as an interrupted job/u);
    assert.ok(!existsSync(`${output}.job.lock`));
  });

  it('without a word of it where the journal is gone: the output may be the work of days', async (t) => {
    const output = await broken(t);
    rmSync(`${output}.job.journal`);
    await untouched(output, async () => claimOutput(output, 'new', () => 0), /an unknown number of records are done/u);
  });

  it('where the note of the job is damaged', async (t) => {
    const output = await broken(t);
    writeFileSync(`${output}.job.json`, '{"version": 1, "sta');
    assert.throws(() => claimOutput(output, 'resume', () => 0), /damaged/u);
  });
});

describe('an output', () => {
  it('that a live process writes to is refused, with its number', async (t) => {
    const output = outputIn(t);
    const job = await begin(output, 'new');
    assert.throws(() => claimOutput(output, 'resume', () => 0), new RegExp(`process ${process.pid}`, 'u'));
    assert.throws(() => claimOutput(output, 'restart', () => 0), /being written by/u);
    assert.throws(() => claimResults(output), /being written by/u);
    await job.stop();
    await (await begin(output, 'new')).stop();
  });

  it('of a dead process, or of a later one with its number, is taken over', async (t) => {
    const output = outputIn(t);
    const lock = `${output}.job.lock`;
    const mine = await begin(output, 'new');
    const { host, namespace } = JSON.parse(readFileSync(lock, 'utf8'));
    await mine.finish(false);
    const owner = { host, namespace, pid: 2 ** 22 + 1, started: 'x' };
    for (const dead of [owner, { ...owner, pid: process.pid }]) {
      writeFileSync(lock, JSON.stringify(dead));
      const job = await begin(output, 'new');
      await job.finish(false);
      assert.ok(!existsSync(lock));
    }
    writeFileSync(lock, JSON.stringify({ ...owner, host: 'elsewhere' }));
    assert.throws(() => claimOutput(output, 'new', () => 0), /process \d+ on elsewhere/u);
    // A container may have the name of its host, and numbers of its own.
    writeFileSync(lock, JSON.stringify({ ...owner, namespace: 'pid:[1]' }));
    assert.throws(() => claimOutput(output, 'new', () => 0), /being written by process \d+/u);
  });

  it('that another process took over is left to it', async (t) => {
    const output = outputIn(t);
    const job = await begin(output, 'new');
    writeFileSync(`${output}.job.lock`, JSON.stringify({ host: 'elsewhere', pid: 1, started: null }));
    await assert.rejects(job.finish(false), /another process took over/u);
    assert.ok(existsSync(`${output}.job.lock`));
  });

  it('that another process took over while this one was stopped keeps all that the other one wrote', async (t) => {
    const output = outputIn(t);
    let ms = 0;
    const job = await claimOutput(output, 'new', () => ms).begin(spec);
    await work(job, 20, 5);
    writeFileSync(`${output}.job.lock`, JSON.stringify({ host: 'elsewhere', pid: 1, started: null }));
    appendFileSync(output, 'a record of the other one\n');
    const theirs = readFileSync(output, 'utf8');
    ms = 130_000;
    await assert.rejects(job.write(predictionOf(recordAt(5)), textOf(recordAt(5))), /another process took over/u);
    await job.stop();
    assert.equal(readFileSync(output, 'utf8'), theirs);
  });
});

describe('results of a finished job that are replaced', () => {
  const replaced = async (t: TestContext) => {
    const output = outputIn(t);
    const job = await begin(output, 'resume');
    await work(job, 10);
    await job.finish(true);
    const text = readFileSync(output, 'utf8').replace('entity', 'another');
    const digest = createRollingDigest();
    digest.update(text);
    const claimed = claimResults(output);
    const note = claimed.prepare(
      { failed: -1, abstained: 0 },
      { bytes: Buffer.byteLength(text), output: digest.value() },
    );
    return { output, text, note, before: job.now };
  };
  const goOn = async (output: string, text: string, failed: number) => {
    const more = await begin(output, 'resume');
    assert.equal(more.start.failed, failed);
    assert.ok(await work(more, 25));
    await more.finish(true);
    const rest = (await expected(25)).slice((await expected(10)).length);
    assert.equal(readFileSync(output, 'utf8'), text + rest);
    assert.deepEqual(readdirSync(path.dirname(output)).sort(), ['out.csv', 'out.csv.job.json']);
  };

  it('leave a job that goes on when its input grows', async (t) => {
    const { output, text, note, before } = await replaced(t);
    writeFileSync(output, text);
    note();
    crash(output);
    assert.deepEqual(readdirSync(path.dirname(output)).sort(), ['out.csv', 'out.csv.job.json']);
    await goOn(output, text, before.failed - 1);
  });

  it('do so where the process is killed just before or just after the new file takes the place of the old one', async (t) => {
    const early = await replaced(t);
    crash(early.output);
    await goOn(early.output, await expected(10), early.before.failed);
    const late = await replaced(t);
    writeFileSync(late.output, late.text);
    crash(late.output);
    await goOn(late.output, late.text, late.before.failed - 1);
  });
});

describe('a disk that is full when a job begins', { skip: !existsSync('/dev/full') }, () => {
  it('leaves nothing half made beside the output', (t) => {
    const folder = tempFolder(t);
    const journal = path.join(folder, 'out.job.journal');
    symlinkSync('/dev/full', `${journal}.new`);
    const at = { records: 0, bytes: 0, input: '', output: '', failed: 0, abstained: 0 };
    assert.throws(() => createJournal(journal, at), /ENOSPC/u);
    assert.deepEqual(readdirSync(folder), []);
  });
});
