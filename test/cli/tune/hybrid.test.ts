import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadable, loadableHybrids } from '../../helpers/loadable-model.js';
import { runSlm } from '../../helpers/slm.js';

const cwd = mkdtempSync(path.join(tmpdir(), 'slm-tune-hybrid-'));
after(() => rmSync(cwd, { recursive: true, force: true }));

/** Any state of any model tells these letters apart. */
const texts = Array.from({ length: 40 }, (_, i) => {
  const letters = i % 2 === 0 ? ['aa', 'bb', 'ab'] : ['cc', 'dd', 'dc'];
  const words = [i, i >> 2, i >> 3, i >> 4].map((at) => letters[at % 3]);
  return { text: `${words.join(' ')} ${'xyz'[i % 3]}${i}`, label: i % 2 === 0 ? 'ab' : 'cd' };
});

for (const architecture of loadableHybrids) {
  test(`a head over ${architecture}, which has two kinds of blocks, is trained and does the task`, async () => {
    const folder = path.join(cwd, architecture);
    const model = path.join(cwd, `${architecture}.gguf`);
    writeFileSync(model, loadable(architecture));
    mkdirSync(folder);
    writeFileSync(
      path.join(folder, 'task.yaml'),
      `name: ${architecture}\ntype: classify\nlabels: [ab, cd]\nprompt:\n  instruction: x\n  base: "{{ text }}:"\n  use: base\n`,
    );
    const data = path.join(cwd, 'data.jsonl');
    writeFileSync(data, texts.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const tuned = await runSlm(
      ['tune', folder, '-m', model, '--data', data, '--method', 'head', '--no-words', '--json'],
      { cwd },
    );
    assert.equal(tuned.code, 0, tuned.stderr);
    const report = JSON.parse(tuned.stdout) as { installed: boolean; method: string };
    assert.deepEqual([report.installed, report.method], [true, 'head']);
    assert.doesNotMatch(tuned.stderr, /no heads are tried/u);
    const run = await runSlm(['run', folder, '-m', model], { cwd, input: 'aa bb ab aa' });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^ab\t/u);
  });
}
