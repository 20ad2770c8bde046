import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { openHiddenStates } from '../../src/engines/llama/hidden-states.js';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { readsOutput, valuePlaces } from '../../src/gguf/architectures.js';
import { writeDerived } from '../../src/gguf/derive.js';
import { readGgufHeader } from '../../src/gguf/header.js';
import type { Recipe } from '../../src/gguf/recipe.js';
import { loadable, loadableArchitectures, loadableSoftcap, loadableWidth } from '../helpers/loadable-model.js';
import { parseGguf, tensorNamed } from '../helpers/tiny-gguf.js';

describe('a file that is derived from a model of each architecture', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-architectures-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const rows = Array.from({ length: 40 }, (_, i) =>
    Float32Array.from({ length: loadableWidth }, (_, j) => Math.sin(i * 31 + j)),
  );
  const input = [5, 40, 17, 22, 9];
  const asked = [3, 20, 41];

  for (const architecture of loadableArchitectures) {
    test(`${architecture}: values are the products of the rows with the hidden state that the model itself has`, async () => {
      const source = path.join(folder, `${architecture}.gguf`);
      writeFileSync(source, loadable(architecture));
      const layers = 2;
      const unit: Recipe = { layers, tokens: 'all', output: { unit: true, type: 'F32' } };
      const values: Recipe = { layers, tokens: 'all', output: { values: rows } };
      const states = readsOutput(readGgufHeader(source))
        ? await headScores(source, unit, loadableWidth)
        : await statesByLogits(source, layers);
      const products = await headScores(source, values, rows.length);
      // The file that tuning reads has other numbers for the tokens.
      for (const [at, read] of (await statesRead(source, layers)).entries()) {
        const away = Math.hypot(...read.map((value, i) => value - (states[at]?.[i] ?? Number.NaN)));
        assert.ok(away < 0.01 * Math.hypot(...read), `token ${at}: ${away}`);
      }
      for (const [at, state] of states.entries()) {
        const size = Math.hypot(...state);
        assert.ok(size > 0.1, `a state of length ${size}`);
        for (const [i, row] of rows.entries()) {
          const expected = row.reduce((sum, weight, j) => sum + weight * (state[j] as number), 0);
          const found = products[at]?.[i] ?? Number.NaN;
          // Values are kept in half precision.
          assert.ok(Math.abs(found - expected) < size * 0.01, `token ${at}, row ${i}: ${found} and ${expected}`);
        }
      }
      // The added blocks leave the state as it is: the logits of the model with so many blocks are the same. A file of
      // values has no output matrix, so the embedding is taken for it.
      const tied = path.join(folder, `${architecture}-tied.gguf`);
      writeFileSync(tied, loadable(architecture, true));
      const short = await logits(tied, { layers, tokens: 'all', output: null });
      const longer = await logits(source, values);
      for (const [i, row] of short.entries()) {
        for (const [j, value] of row.entries()) {
          assert.ok(Math.abs(value - (longer[i]?.[j] ?? Number.NaN)) < 1e-3, `token ${i}, ${j}`);
        }
      }
    });
  }

  /** As tuning reads them. */
  async function statesRead(source: string, layers: number): Promise<Float32Array[]> {
    const wanted = { prompt: { prefix: [], input }, positions: [...input.keys()] };
    const reader = await openHiddenStates([wanted], layers, loadableWidth, source, (recipe) => opened(source, recipe));
    const all = await reader.read(wanted);
    await reader.dispose();
    return input.map((_, i) => all.subarray(i * loadableWidth, (i + 1) * loadableWidth));
  }

  /** The same where no output matrix is read: the logits of the model itself follow from them. */
  async function statesByLogits(source: string, layers: number): Promise<Float32Array[]> {
    const states = await statesRead(source, layers);
    const found = await logits(source, { layers, tokens: 'all', output: null });
    const embedding = tensorNamed(parseGguf(readFileSync(source)), 'token_embd.weight').data;
    const logit = (state: Float32Array, token: number) => {
      const sum = state.reduce(
        (total, value, i) => total + value * embedding.readFloatLE((token * loadableWidth + i) * 4),
        0,
      );
      return loadableSoftcap * Math.tanh(sum / loadableSoftcap);
    };
    for (const [at, state] of states.entries()) {
      const [first = 0, ...others] = asked.map((token) => logit(state, token));
      const [expected = 0, ...rest] = found[at] as number[];
      for (const [i, other] of others.entries()) {
        const difference = other - first - ((rest[i] as number) - expected);
        assert.ok(Math.abs(difference) < 0.02, `token ${at}: ${difference}`);
      }
    }
    return states;
  }

  async function opened(source: string, recipe: Recipe) {
    const file = path.join(folder, 'derived.gguf');
    await writeDerived(source, file, recipe);
    const holdsValues = recipe.output !== null && 'values' in recipe.output;
    return openEngine({
      path: file,
      threads: 1,
      contextSize: 64,
      ...(holdsValues ? { values: valuePlaces(readGgufHeader(source), recipe) } : {}),
    });
  }

  async function headScores(source: string, recipe: Recipe, count: number) {
    const engine = await opened(source, recipe);
    try {
      return await engine.headScores({ prefix: [], input }, [...input.keys()], count);
    } finally {
      await engine.dispose();
    }
  }

  async function logits(source: string, recipe: Recipe) {
    const engine = await opened(source, recipe);
    try {
      return await engine.scoreNext({ prefix: [], input }, [...input.keys()], asked);
    } finally {
      await engine.dispose();
    }
  }
});
