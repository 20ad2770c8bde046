import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chooseSource, type SourceFlags } from '../../src/app/run/choose-source.js';
import { tempFolder } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

it('says that --keep-alive leaves no host where a flag keeps the run in its own process', async (t) => {
  const cwd = tempFolder(t);
  const noticesOf = async (flags: Partial<SourceFlags>, engineLog: null | (() => void) = null) => {
    const notices: string[] = [];
    const surroundings = surroundingsWith({ cwd, home: cwd, engineLog, notice: (text) => void notices.push(text) });
    const all = { warm: true, maxRecordSize: 1, keepAlive: 1000, ...flags };
    // There is no such task: what is said before it is looked for counts here.
    await assert.rejects(chooseSource(surroundings, './none', [], all as SourceFlags & { maxRecordSize: number }));
    return notices.join();
  };
  const flags: readonly (readonly [string, Partial<SourceFlags>])[] = [
    ['--no-warm', { warm: false }],
    ['--explain', { explain: true }],
    ['--cache', { cache: true }],
    ['--context -', { context: ['-'] }],
  ];
  for (const [flag, given] of flags) {
    assert.equal(
      await noticesOf(given),
      `--keep-alive leaves no host after a run with ${flag}; \`slm warm\` starts one`,
    );
  }
  assert.match(await noticesOf({}, () => undefined), /with --debug;/u);
  const notices: string[] = [];
  const surroundings = surroundingsWith({ cwd, home: cwd, notice: (text) => void notices.push(text) });
  await assert.rejects(chooseSource(surroundings, './none', [], { warm: true, cache: true, maxRecordSize: 1 }));
  assert.deepEqual(notices, []);
});
