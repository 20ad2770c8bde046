import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Report } from '../../src/evaluate/report.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { linesOf, runSlm } from '../helpers/slm.js';

before(async () => {
  await modelFile(gemma);
  await modelFile(smollm);
});

/** Measured accuracy less what a dozen records can move. */
const floors: Readonly<Record<string, number>> = { [gemma]: 0.85, [smollm]: 0.8 };

for (const model of [gemma, smollm]) {
  test(`everyday lines that nobody tuned on get the label that people give them, with ${model}`, {
    timeout: 900_000,
  }, async () => {
    const { code, stdout, stderr } = await runSlm(
      ['eval', 'sentiment', '-m', model, '--data', 'tasks/sentiment/everyday.jsonl', '--json'],
      { timeoutMs: 900_000 },
    );
    assert.ok(code === 0 || code === 100, stderr);
    const report: Report = JSON.parse(stdout);
    assert.equal(report.data.n, 60);
    const accuracy = report.figures.find(({ name }) => name === 'accuracy')?.value as number;
    assert.ok(accuracy >= (floors[model] as number), `accuracy ${accuracy}`);
  });
}

test('plain and short texts are not taken for complaints', { timeout: 900_000 }, async () => {
  const texts = { 'Good.': 'positive', ok: 'neutral', 'Good product 7': 'positive', 'Bad.': 'negative' };
  const { code, stdout, stderr } = await runSlm(
    ['run', 'sentiment', ...Object.keys(texts).flatMap((text) => ['-t', text])],
    { timeoutMs: 900_000 },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    linesOf(stdout).map((line) => line.split('\t')[0]),
    Object.values(texts),
  );
});
