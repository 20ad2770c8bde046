import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { meterInputs } from '../../src/app/run/input-meter.js';
import { createRunProgress, progressText } from '../../src/cli/run/run-progress.js';
import { fileSource, readers, stdinSource } from '../../src/records/index.js';
import { tempFolder } from '../helpers/slm.js';

describe('the progress line', () => {
  const speed = { recordsPerSecond: 15.23, tokensPerSecond: 431.2 };

  it('says how far, how fast, how long, and what went wrong', () => {
    const state = { done: 1200, total: { records: 24_000, exact: false }, tokens: 0, failed: 2, abstained: 36 };
    assert.equal(
      progressText(state, speed),
      '1,200 of about 24,000  5 %  15.2/s  431 tokens/s  24 min 57 s left  3 % abstained  2 failed',
    );
  });

  it('leaves out what nobody knows', () => {
    const state = { done: 7, total: null, tokens: 0, failed: 0, abstained: 0 };
    assert.equal(progressText(state, { recordsPerSecond: 0.5, tokensPerSecond: 0 }), '7 records  0.5/s');
  });

  it('is quiet without a terminal, a line a minute when asked for plain lines', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const written: string[] = [];
    const stderr = { isTTY: false, columns: 80, write: (text: string) => written.push(text) > 0 };
    let nowMs = 0;
    const context = { stderr, quiet: false, now: () => nowMs, notice: (text: string) => void written.push(text) };
    const auto = createRunProgress(context, 'auto');
    const none = createRunProgress(context, 'none');
    const plain = createRunProgress(context, 'plain');
    for (const progress of [auto, none, plain]) {
      for (let second = 1; second <= 60; second++) {
        nowMs = second * 1000;
        progress.update({ done: second * 10, total: null, tokens: second * 100, failed: 0, abstained: 0 });
      }
      t.mock.timers.tick(60_000);
      progress.end();
    }
    assert.equal(written.length, 1);
    assert.match(written[0] as string, /^600 records {2}\d+\.\d\/s {2}\d+ tokens\/s$/u);
  });
});

describe('the share of the input', () => {
  it('is that of its lines, over all files', async (t) => {
    const folder = tempFolder(t);
    const inputs = ['a.txt', 'b.txt'].map((name) => {
      const file = path.join(folder, name);
      writeFileSync(file, 'line\n'.repeat(50));
      return { source: fileSource(file), reader: readers.lines, chosen: 'by name' as const };
    });
    const meter = meterInputs(inputs);
    const shares: (number | null)[] = [];
    for (const { source, reader } of meter.inputs) {
      for await (const row of reader.read(source, { maxRecordBytes: 100, onWarning: assert.fail }))
        shares.push(meter.fractionAt(row.origin));
    }
    assert.deepEqual(
      [0, 24, 49, 50, 99].map((at) => shares[at]),
      [0.01, 0.25, 0.5, 0.51, 1],
    );
  });

  it('is unknown for standard input', () => {
    const source = stdinSource(process.stdin);
    const meter = meterInputs([{ source, reader: readers.lines, chosen: 'by name' }]);
    assert.equal(meter.fractionAt({ file: '-', line: 5 }), null);
  });
});
