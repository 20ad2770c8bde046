import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { SlmError } from '../../src/errors.js';
import { valuePlaces } from '../../src/gguf/architectures.js';
import { writeDerived } from '../../src/gguf/derive.js';
import { readGgufHeader } from '../../src/gguf/header.js';
import { type Recipe, recipeName, recipeText } from '../../src/gguf/recipe.js';
import { emptyStore } from '../helpers/model-store.js';
import { parseGguf, type TinyTensor, tensorNamed as tensor } from '../helpers/tiny-gguf.js';
import {
  spmLatin,
  spmMetadata,
  spmTokens,
  tinyMatrix,
  tinyModel,
  tinyVector,
  tinyWidth,
} from '../helpers/tiny-model.js';

const blocks = 4;
const valueRows = 8;

/** A tiny model whose blocks have value matrices. */
function withValues(more: readonly TinyTensor[] = [], metadata: Parameters<typeof tinyModel>[0] = {}): Buffer {
  const values = Array.from({ length: blocks }, (_, i) => tinyMatrix(`blk.${i}.attn_v.weight`, valueRows, 40 + i));
  return tinyModel(
    { ...spmMetadata, ...metadata },
    { blocks, vocabulary: spmTokens.length, more: [...values, ...more] },
  );
}

const row = (seed: number, width = tinyWidth) => Float32Array.from({ length: width }, (_, i) => Math.sin(seed + i));
const valuesOf = (count: number, more: Partial<Recipe> = {}): Recipe => ({
  layers: null,
  tokens: 'all',
  output: { values: Array.from({ length: count }, (_, i) => row(i * 50)) },
  ...more,
});

async function derive(t: TestContext, file: Buffer, recipe: Recipe) {
  const { cwd } = emptyStore(t);
  const [source, target] = [path.join(cwd, 'tiny.gguf'), path.join(cwd, 'derived.gguf')];
  writeFileSync(source, file);
  try {
    await writeDerived(source, target, recipe);
  } catch (error) {
    assert.ok(!existsSync(target), 'there is no file');
    throw error;
  }
  return { ...parseGguf(readFileSync(target)), header: readGgufHeader(target) };
}

function floats({ data }: TinyTensor): Float32Array {
  return Float32Array.from({ length: data.length / 4 }, (_, i) => data.readFloatLE(i * 4));
}

for (const layers of [null, 1, 3]) {
  test(`one more block after ${layers ?? 'all'} has the rows as values; every other byte is the model's`, async (t) => {
    const file = withValues();
    const before = parseGguf(file);
    const after = await derive(t, file, valuesOf(3, { layers }));
    const kept = layers ?? blocks;
    assert.equal(after.metadata['llama.block_count'], kept + 1);

    const values = tensor(after, `blk.${kept}.attn_v.weight`);
    assert.deepEqual([values.type, values.shape], [0, [tinyWidth, valueRows]]);
    const expected = new Float32Array(valueRows * tinyWidth);
    for (let i = 0; i < 3; i++) expected.set(row(i * 50), i * tinyWidth);
    assert.deepEqual(floats(values), expected, 'the rows, and zeros for the values that nobody asked for');

    const norm = tensor(after, `blk.${kept}.attn_norm.weight`);
    assert.deepEqual(norm.data, tensor(before, 'output_norm.weight').data, "its first norm is the model's last");

    const own = (name: string) => /^blk\.(\d+)\./u.exec(name)?.[1];
    for (const { name, data, shape, type } of after.tensors) {
      if (own(name) === String(kept)) {
        if (/\.(attn_v|attn_norm)\.weight$/u.test(name)) continue;
        const source = tensor(before, name.replace(`blk.${kept}.`, `blk.${kept - 1}.`));
        assert.deepEqual({ data, shape, type }, { data: source.data, shape: source.shape, type: source.type }, name);
      } else {
        const source = tensor(before, name);
        assert.deepEqual({ data, shape, type }, { data: source.data, shape: source.shape, type: source.type }, name);
      }
    }
    const expectedNames = before.tensors.map(({ name }) => name).filter((name) => Number(own(name) ?? 0) < kept);
    assert.deepEqual(
      after.tensors.map(({ name }) => name).filter((name) => own(name) !== String(kept)),
      expectedNames,
    );
    assert.equal(after.tensors.filter(({ name }) => own(name) === String(kept)).length, 4);
  });
}

test("the values' block goes with a cut vocabulary, and the model's own output matrix is left out", async (t) => {
  const file = withValues([tinyMatrix('output.weight', spmTokens.length, 9)]);
  const before = parseGguf(file);
  const after = await derive(t, file, valuesOf(2, { tokens: 'latin', layers: 2 }));
  const rows = spmLatin.map((id) => tensor(before, 'token_embd.weight').data.subarray(id * 34, (id + 1) * 34));
  assert.deepEqual(tensor(after, 'token_embd.weight').data, Buffer.concat(rows));
  assert.ok(after.tensors.every(({ name }) => name !== 'output.weight'));
  assert.equal(floats(tensor(after, 'blk.2.attn_v.weight'))[tinyWidth], Math.fround(Math.sin(50)));
});

test('where values have a bias, it is zero in the added block and stays in the others', async (t) => {
  const biases = [...Array(blocks).keys()].map((i) => tinyVector(`blk.${i}.attn_v.bias`, 90 + i));
  const file = withValues(biases);
  const before = parseGguf(file);
  const after = await derive(t, file, valuesOf(3, { layers: 2 }));
  assert.ok(tensor(after, 'blk.2.attn_v.bias').data.every((byte) => byte === 0));
  for (const block of [0, 1]) {
    const name = `blk.${block}.attn_v.bias`;
    assert.deepEqual(tensor(after, name).data, tensor(before, name).data);
  }
});

const refused: [title: string, file: Buffer, recipe: Recipe, message: RegExp, exitCode: number][] = [
  ['blocks without a value matrix', tinyModel(spmMetadata, { vocabulary: 16 }), valuesOf(1), /no value matrix/u, 3],
  ['no rows', withValues(), valuesOf(0), /has no rows/u, 2],
  [
    'rows of another width',
    withValues(),
    valuesOf(0, { output: { values: [row(0, 31)] } }),
    /has 31 values, the model has a width of 32/u,
    2,
  ],
  [
    'rows with what is no number',
    withValues(),
    valuesOf(0, { output: { values: [row(0).fill(Number.NaN)] } }),
    /not a number/u,
    2,
  ],
];

for (const [title, file, recipe, message, exitCode] of refused) {
  test(`${title}: refused, and there is no file`, async (t) => {
    await assert.rejects(derive(t, file, recipe), (error: unknown) => {
      assert.ok(error instanceof SlmError);
      assert.match(error.message, message);
      assert.equal(error.exitCode, exitCode);
      return true;
    });
  });
}

test('recipes of other rows have other texts and names, those of the same rows the same', () => {
  const [two, again, three] = [valuesOf(2, { layers: 9 }), valuesOf(2, { layers: 9 }), valuesOf(3, { layers: 9 })];
  assert.equal(recipeText(two), recipeText(again));
  assert.notEqual(recipeText(two), recipeText(three));
  assert.match(recipeName(two), /^\+9l\+2v-[0-9a-f]{8}$/u);
  assert.notEqual(recipeText(two), recipeText({ ...two, output: { rows: [row(0), row(50)] } }));
});

test('more values than a block has room for go on in further blocks, which add nothing to the hidden state', async (t) => {
  const additions = [0, 1, 2, 3].flatMap((i) => [
    tinyMatrix(`blk.${i}.attn_output.weight`, tinyWidth, 60 + i),
    tinyVector(`blk.${i}.attn_output.bias`, 70 + i),
    tinyMatrix(`blk.${i}.ffn_down.weight`, tinyWidth, 80 + i),
  ]);
  const file = withValues(additions);
  const before = parseGguf(file);
  const after = await derive(t, file, valuesOf(19, { layers: 2 }));
  const rows = [2, 3, 4].flatMap((block) => [...floats(tensor(after, `blk.${block}.attn_v.weight`))]);
  const expected = Array.from({ length: 24 }, (_, i) => [...(i < 19 ? row(i * 50) : new Float32Array(tinyWidth))]);
  assert.deepEqual(rows, expected.flat());
  for (const block of [2, 3, 4]) {
    for (const name of ['attn_output.weight', 'attn_output.bias', 'ffn_down.weight']) {
      assert.ok(
        tensor(after, `blk.${block}.${name}`).data.every((byte) => byte === 0),
        `${name} ${block}`,
      );
    }
    const query = `blk.${block}.attn_q.weight`;
    assert.deepEqual(tensor(after, query).data, tensor(before, 'blk.1.attn_q.weight').data);
  }
});

test('of models with sliding windows every so manieth block is in the first of two caches', async (t) => {
  const placesOf = async (architecture: string, layers: number, count: number) => {
    const { cwd } = emptyStore(t);
    const file = path.join(cwd, 'm.gguf');
    writeFileSync(file, withValues([], { 'general.architecture': architecture }));
    const output = { values: Array.from({ length: count }, () => new Float32Array(tinyWidth)) };
    return valuePlaces(readGgufHeader(file), { layers, output }).map(
      ({ cache, layer, count: here }) => `${cache} ${layer}: ${here}`,
    );
  };
  // src/models/gemma3.cpp: set_swa_pattern(6), five of six blocks have a window; gemma2.cpp: every other.
  assert.deepEqual(await placesOf('gemma3', 4, 20), ['last 4: 8', 'first 0: 8', 'last 5: 4']);
  assert.deepEqual(await placesOf('gemma3', 10, 9), ['last 9: 8', 'first 1: 1']);
  assert.deepEqual(await placesOf('gemma2', 2, 9), ['last 1: 8', 'first 1: 1']);
  assert.deepEqual(await placesOf('llama', 5, 9), ['last 5: 8', 'last 6: 1']);
});
