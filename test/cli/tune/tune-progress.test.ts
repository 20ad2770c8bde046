import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CliContext } from '../../../src/cli/context.js';
import { createTuneProgress } from '../../../src/cli/tune/tune-progress.js';

describe('progress of a search without a terminal', () => {
  it('says of a long step how far it is, and nothing of a short one', async () => {
    const said: string[] = [];
    let ms = 0;
    const shown = {
      quiet: false,
      stderr: {},
      now: () => ms,
      notice: (text: string) => said.push(text),
    } as unknown as CliContext;
    const { context } = await createTuneProgress(shown);
    const step = (what: string, done: number, total: number) => context.tuning({ kind: 'step', what, done, total });
    context.tuning({ kind: 'stage', title: 'fitting' });
    for (let done = 0; done <= 100; done++, ms += 1000) step('reading', done, 100);
    assert.deepEqual(said, [
      'fitting',
      'reading, 30 of 100, about 1 min 10 s left',
      'reading, 60 of 100, about 40 s left',
      'reading, 90 of 100, about 10 s left',
    ]);
    // Something else begins: how fast it is is not known yet.
    said.length = 0;
    context.tuning({ kind: 'stage', title: 'fitting' });
    ms += 40_000;
    step('training', 1, 3);
    for (let done = 0; done < 20; done++, ms += 1000) step('reading', done, 20);
    assert.deepEqual(said, ['fitting', 'training, 1 of 3']);
  });
});
