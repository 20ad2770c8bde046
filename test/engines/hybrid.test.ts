import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { LlamaContextSequence } from 'node-llama-cpp';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { loadable, loadableHybrids } from '../helpers/loadable-model.js';

describe('a model that carries a state from token to token', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-hybrid-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const prefix = Array.from({ length: 40 }, (_, i) => 5 + i);
  const inputs = [[5, 40, 17], [9, 9, 30, 31], [77], [5, 40, 17]];
  const asked = [3, 20, 41, 60];
  const continuations = [
    [30, 31, 32],
    [30, 33, 34],
    [40, 41],
    [40, 42, 43, 44],
  ];

  for (const architecture of loadableHybrids) {
    const file = path.join(folder, `${architecture}.gguf`);
    const opened = () => openEngine({ path: file, threads: 1, contextSize: 128 });
    writeFileSync(file, loadable(architecture));

    test(`${architecture}: after a shared beginning, scores are those of the whole text`, async () => {
      const engine = await opened();
      try {
        for (const input of inputs) {
          const [after] = await engine.scoreNext({ prefix: [prefix], input }, [input.length - 1], asked);
          const whole = [...prefix, ...input];
          const [alone] = await engine.scoreNext({ prefix: [], input: whole }, [whole.length - 1], asked);
          assertNear(after, alone);
        }
        const input = [5, 6];
        const found = await engine.scoreContinuations({ prefix: [prefix], input }, continuations);
        const expected: number[] = [];
        for (const tokens of continuations) {
          const before = [...prefix, ...input];
          let sum = 0;
          for (const token of tokens) {
            const [scores] = await engine.scoreNext({ prefix: [], input: before }, [before.length - 1], [token]);
            sum += scores?.[0] ?? Number.NaN;
            before.push(token);
          }
          expected.push(sum);
        }
        assertNear(found, expected);
      } finally {
        await engine.dispose();
      }
    });

    test(`${architecture}: a shared beginning is read once, though tokens cannot be taken back`, async () => {
      const engine = await opened();
      const counted = countEvaluated();
      try {
        for (const input of inputs) await engine.scoreNext({ prefix: [prefix], input }, [input.length - 1], asked);
        assert.equal(counted.tokens(), prefix.length + inputs.flat().length);
        // "30" and "40" are read once each, too, and the last token of a continuation never.
        await engine.scoreContinuations({ prefix: [prefix], input: [5, 6] }, continuations);
        assert.equal(counted.tokens(), prefix.length + inputs.flat().length + 2 + 2 + 1 + 1 + 2);
      } finally {
        counted.stop();
        await engine.dispose();
      }
    });
  }
});

function assertNear(found: readonly number[] | undefined, expected: readonly number[] | undefined): void {
  assert.equal(found?.length, expected?.length);
  found?.forEach((value, i) => {
    assert.ok(Math.abs(value - (expected?.[i] ?? Number.NaN)) < 1e-4, `${value} and ${expected?.[i]}`);
  });
}

/** Tokens that the library evaluates, also those that nobody asked it for. */
function countEvaluated() {
  const { evaluateWithoutGeneratingNewTokens: silent, controlledEvaluate: controlled } = LlamaContextSequence.prototype;
  let tokens = 0;
  LlamaContextSequence.prototype.evaluateWithoutGeneratingNewTokens = function (input, ...rest) {
    tokens += input.length;
    return silent.call(this, input, ...rest);
  };
  LlamaContextSequence.prototype.controlledEvaluate = function (input, ...rest) {
    tokens += input.length;
    return controlled.call(this, input, ...rest);
  };
  return {
    tokens: () => tokens,
    stop() {
      LlamaContextSequence.prototype.evaluateWithoutGeneratingNewTokens = silent;
      LlamaContextSequence.prototype.controlledEvaluate = controlled;
    },
  };
}
