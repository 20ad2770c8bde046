import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { SlmError } from '../../src/errors.js';
import { derivedIds, writeDerived } from '../../src/gguf/derive.js';
import { toHalf } from '../../src/gguf/encode.js';
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
  tokenTypes,
} from '../helpers/tiny-model.js';

const same: Recipe = { layers: null, tokens: 'all', output: null };
const spm = () => tinyModel(spmMetadata, { vocabulary: spmTokens.length });

/** A model of the bpe kind with more tokens than its width, so that a unit matrix fits. */
function bpe(more: Record<string, number> = {}): Buffer {
  const tokens = [...'abcĠéÃ', 'Ġa', 'ab', 'Ã©', 'ä¸', 'Ġab', '<|end|>', 'Ã©ä¸'];
  for (let i = tokens.length; i < 40; i++) tokens.push(`token${i}`);
  return tinyModel(
    {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': { i32: tokens.map((t) => (t === '<|end|>' ? tokenTypes.control : 1)) },
      'tokenizer.ggml.merges': ['Ġ a', 'a b', 'Ã ©', 'ä ¸', 'Ã© ä¸', 'Ġ ab', 'b c'],
      'tokenizer.ggml.eos_token_id': 11,
      ...more,
    },
    { vocabulary: tokens.length },
  );
}

async function derive(t: TestContext, file: Buffer, recipe: Recipe) {
  const { cwd } = emptyStore(t);
  const source = path.join(cwd, 'tiny.gguf');
  const target = path.join(cwd, 'derived.gguf');
  writeFileSync(source, file);
  const newIds = await writeDerived(source, target, recipe);
  assert.deepEqual(derivedIds(source, recipe), newIds);
  return { ...parseGguf(readFileSync(target)), newIds };
}

/** Rows of 34 bytes (32 weights in Q8_0). */
function rowsOf({ data }: TinyTensor, ids: readonly number[]): Buffer {
  return Buffer.concat(ids.map((id) => data.subarray(id * 34, (id + 1) * 34)));
}

test('a recipe that changes nothing adds two keys and changes no other byte', async (t) => {
  const before = parseGguf(spm());
  const after = await derive(t, spm(), same);
  const { 'slm.source': source, 'slm.recipe': recipe, ...metadata } = after.metadata;
  assert.equal(source, 'tiny.gguf');
  assert.equal(recipe, '{"layers":null,"tokens":"all","output":null}');
  assert.deepEqual(metadata, before.metadata);
  assert.deepEqual(after.tensors, before.tensors);
  assert.deepEqual([...after.newIds], [...spmTokens.keys()]);
});

test('later blocks go, and lists with an element for each block are cut', async (t) => {
  const file = tinyModel(
    {
      ...spmMetadata,
      'llama.attention.head_count_kv': { i32: [1, 2, 3, 4] },
      'llama.rope.dimension_sections': { i32: [1, 2, 3, 4] },
    },
    { vocabulary: spmTokens.length },
  );
  const before = parseGguf(file);
  const { metadata, tensors } = await derive(t, file, { ...same, layers: 2 });
  assert.equal(metadata['llama.block_count'], 2);
  assert.deepEqual(metadata['llama.attention.head_count_kv'], [1, 2]);
  assert.deepEqual(metadata['llama.rope.dimension_sections'], [1, 2, 3, 4]);
  assert.deepEqual(
    tensors,
    before.tensors.filter(({ name }) => !/^blk\.[23]\./u.test(name)),
  );
});

test('latin keeps what is spelled with it, roles and byte tokens; rows, scores and types go along', async (t) => {
  const before = parseGguf(spm());
  const after = await derive(t, spm(), { ...same, tokens: 'latin' });
  const pick = (key: string) => spmLatin.map((id) => (before.metadata[key] as unknown[])[id]);
  for (const name of ['tokens', 'scores', 'token_type']) {
    assert.deepEqual(after.metadata[`tokenizer.ggml.${name}`], pick(`tokenizer.ggml.${name}`), name);
  }
  assert.deepEqual(tensor(after, 'token_embd.weight').data, rowsOf(tensor(before, 'token_embd.weight'), spmLatin));
  assert.deepEqual(tensor(after, 'token_embd.weight').shape, [tinyWidth, spmLatin.length]);
  assert.equal(after.metadata['llama.vocab_size'], spmLatin.length);
  assert.equal(after.metadata['tokenizer.ggml.padding_token_id'], spmLatin.indexOf(15));
  // What llama.cpp assumes is said, for it might be another token now.
  assert.equal(after.metadata['tokenizer.ggml.bos_token_id'], 1);
  assert.equal(after.metadata['tokenizer.ggml.eos_token_id'], 2);
  assert.equal(after.metadata['tokenizer.ggml.unknown_token_id'], 0);
  assert.deepEqual(
    [...after.newIds],
    [...spmTokens.keys()].map((id) => spmLatin.indexOf(id)),
  );
});

test('latin keeps of byte-level BPE the tokens and merges of its bytes, and every single byte', async (t) => {
  const { metadata } = await derive(t, bpe(), { ...same, tokens: 'latin' });
  const tokens = (metadata['tokenizer.ggml.tokens'] as string[]).map((token) =>
    Buffer.from(token, 'latin1').toString(),
  );
  // "é" is the byte E9, which no Latin-1 character has in UTF-8, but alone it stays; "ä¸" begins Chinese characters.
  assert.deepEqual(tokens.slice(0, 12), [...'abcĠéÃ', 'Ġa', 'ab', 'Ã©', 'Ġab', '<|end|>', 'token13']);
  const merges = (metadata['tokenizer.ggml.merges'] as string[]).map((merge) =>
    Buffer.from(merge, 'latin1').toString(),
  );
  assert.deepEqual(merges, ['Ġ a', 'a b', 'Ã ©', 'Ġ ab', 'b c']);
  assert.equal(metadata['tokenizer.ggml.eos_token_id'], 10);
});

test("with ids of one's own, merges need both halves and the whole, and tokens with a role remain", async (t) => {
  const { metadata, newIds } = await derive(t, bpe(), { ...same, tokens: [0, 1, 3, 7, 20] });
  assert.deepEqual(metadata['tokenizer.ggml.merges'], ['a b']);
  assert.equal(metadata['tokenizer.ggml.eos_token_id'], 4);
  assert.deepEqual([newIds[7], newIds[11], newIds[20], newIds[2]], [3, 4, 5, -1]);
});

test('a matrix of unit vectors has 1 at (i, i), and takes the lowest ids where there are too few', async (t) => {
  const after = await derive(t, bpe(), { ...same, layers: 1, tokens: [35, 36, 39], output: { unit: true } });
  const output = tensor(after, 'output.weight');
  assert.deepEqual([output.shape, output.type], [[32, 32], 1]);
  for (let i = 0; i < 32; i++) {
    for (let j = 0; j < 32; j++) assert.equal(output.data.readUInt16LE((i * 32 + j) * 2), i === j ? 0x3c00 : 0);
  }
  assert.deepEqual(
    [28, 29, 35, 36, 39].map((id) => after.newIds[id]),
    [28, -1, 29, 30, 31],
  );
});

test("rows of one's own stand first, zeros after them, and replace what the model had", async (t) => {
  const file = tinyModel(spmMetadata, {
    vocabulary: spmTokens.length,
    more: [tinyMatrix('output.weight', spmTokens.length, 99)],
  });
  const rows = [Float32Array.from({ length: 32 }, (_, i) => i - 16), new Float32Array(32)];
  for (const type of ['F32', 'F16', 'Q8_0'] as const) {
    const after = await derive(t, file, { ...same, output: { rows, type } });
    const { data, shape } = tensor(after, 'output.weight');
    assert.equal(after.tensors.filter(({ name }) => name === 'output.weight').length, 1);
    assert.deepEqual(shape, [32, spmTokens.length]);
    const rowBytes = data.length / spmTokens.length;
    assert.ok(data.subarray(rowBytes).every((byte) => byte === 0));
    if (type === 'F32') assert.equal(data.readFloatLE(5 * 4), -11);
    // -11 is 1.375 × 2^3: sign, exponent 15 + 3, fraction .375 × 1024.
    if (type === 'F16') assert.equal(data.readUInt16LE(5 * 2), 0x8000 | (18 << 10) | 384);
    if (type === 'Q8_0') {
      // d = 16 / 127 = 0.12598, 1.0079 × 2^-3 → fraction 8; -11 / d = -87.3.
      assert.equal(data.readUInt16LE(0), (12 << 10) | 8);
      assert.deepEqual([data.readInt8(2), data.readInt8(2 + 5), data.readInt8(2 + 16)], [-127, -87, 0]);
    }
  }
});

test('an output matrix of the model keeps the rows of the kept tokens', async (t) => {
  const more = [tinyMatrix('output.weight', spmTokens.length, 99)];
  const after = await derive(t, tinyModel(spmMetadata, { vocabulary: spmTokens.length, more }), {
    ...same,
    tokens: [1, 2, 14],
  });
  assert.deepEqual(tensor(after, 'output.weight').data, rowsOf(more[0] as TinyTensor, [0, 1, 2, 3, 14, 15]));
});

test("a cap on the logits of words does not hold for rows of one's own", async (t) => {
  const gemma = {
    ...spmMetadata,
    'general.architecture': 'gemma3',
    'gemma3.block_count': 4,
    'gemma3.final_logit_softcapping': 30,
  };
  const file = tinyModel(gemma, { vocabulary: spmTokens.length });
  const key = 'gemma3.final_logit_softcapping';
  assert.ok(key in (await derive(t, file, { ...same, layers: 2 })).metadata);
  assert.ok(!(key in (await derive(t, file, { ...same, output: { rows: [new Float32Array(32)] } })).metadata));
});

test('any layers, tokens and rows: what remains is byte for byte what it was', async (t) => {
  const file = tinyModel(spmMetadata, { vocabulary: spmTokens.length, more: [tinyMatrix('output.weight', 16, 5)] });
  const before = parseGguf(file);
  const { cwd } = emptyStore(t);
  const source = path.join(cwd, 's.gguf');
  const target = path.join(cwd, 't.gguf');
  writeFileSync(source, file);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.subarray([...spmTokens.keys()], { minLength: 1 }),
      fc.boolean(),
      async (layers, wanted, own) => {
        // Unknown, begin, end and padding, and the byte token.
        const tokens = [...new Set([0, 1, 2, 3, 15, ...wanted])].sort((a, b) => a - b);
        const rows = [Float32Array.from({ length: 32 }, (_, i) => i / 7)];
        const newIds = await writeDerived(source, target, { layers, tokens: wanted, output: own ? { rows } : null });
        const after = parseGguf(readFileSync(target));
        for (const { name, data } of after.tensors) {
          if (name === 'output.weight' && own) continue;
          const old = tensor(before, name);
          const byToken = name === 'token_embd.weight' || name === 'output.weight';
          assert.deepEqual(data, byToken ? rowsOf(old, tokens) : old.data, name);
        }
        assert.equal(after.tensors.length, 3 + layers * 3);
        assert.deepEqual(
          tokens.map((id) => newIds[id]),
          [...tokens.keys()],
        );
        assert.equal(newIds.filter((id) => id >= 0).length, tokens.length);
      },
    ),
    { numRuns: 60 },
  );
});

const wide = (more: readonly TinyTensor[] = [], metadata = {}) =>
  tinyModel({ ...spmMetadata, ...metadata }, { vocabulary: spmTokens.length, more });

const refusals: [title: string, file: Buffer, recipe: Recipe, message: RegExp, exitCode?: number][] = [
  ['an architecture nobody looked up', wide([], { 'general.architecture': 'mamba' }), same, /"mamba" is none of/],
  ['a mixture of experts', wide([], { 'llama.expert_count': 8 }), same, /llama\.expert_count/],
  ['an unknown tensor', wide([tinyVector('blk.0.ssm_a', 1)]), same, /"blk\.0\.ssm_a" is not known/],
  ['a bias of the output', wide([tinyVector('output.bias', 1)]), same, /"output\.bias" is not known/],
  ['a part of a split model', wide([], { 'split.count': 2 }), same, /split model/],
  ['another tokenizer', wide([], { 'tokenizer.ggml.model': 'bert' }), { ...same, tokens: 'latin' }, /\(bert\)/],
  [
    'another splitter',
    wide([], { 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'new' }),
    { ...same, tokens: 'latin' },
    /gpt2\/new/,
  ],
  [
    'an empty token',
    wide([], { 'tokenizer.ggml.tokens': spmTokens.map((_, i) => (i === 4 ? '' : `t${i}`)) }),
    { ...same, tokens: [1] },
    /Token 4 .* is empty/,
  ],
  ['fewer tokens than rows', wide([], { 'tokenizer.ggml.tokens': ['a'] }), { ...same, tokens: [0] }, /1 tokens but 16/],
  [
    'a value for each token',
    wide([], { 'tokenizer.ggml.new': { i32: spmTokens.map(() => 1) } }),
    { ...same, tokens: [0] },
    /tokenizer\.ggml\.new/,
  ],
  [
    'an output that Gemma 2 would not read',
    wide([], { 'general.architecture': 'gemma2', 'gemma2.block_count': 4 }),
    { ...same, output: { rows: [new Float32Array(32)] } },
    /reads no output matrix/,
  ],
  [
    'the layers of Gemma 3 27B',
    tinyModel(
      { ...spmMetadata, 'general.architecture': 'gemma3', 'gemma3.block_count': 62 },
      { vocabulary: 16, blocks: 62 },
    ),
    { ...same, layers: 20 },
    /62 layers/,
  ],
  ['too many layers', wide(), { ...same, layers: 5 }, /has 4 layers, 5 are asked for/, 2],
  ['no layers', wide(), { ...same, layers: 0 }, /cannot have 0 layers/, 2],
  ['ids out of order', wide(), { ...same, tokens: [2, 1] }, /ascending/, 2],
  ['an id beyond the vocabulary', wide(), { ...same, tokens: [16] }, /no token 16/, 2],
  [
    'a row of another width',
    wide(),
    { ...same, output: { rows: [new Float32Array(31)] } },
    /31 values.*width of 32/,
    2,
  ],
  [
    'a row that is no number',
    wide(),
    { ...same, output: { rows: [new Float32Array(32).fill(Number.NaN)] } },
    /not a number/,
    2,
  ],
  ['more rows than tokens', wide(), { ...same, output: { unit: true } }, /32 rows.*16 tokens/, 2],
  ['an unknown alphabet', wide(), { ...same, tokens: 'runes' as 'latin' }, /no alphabet "runes"/, 2],
];

for (const [title, file, recipe, message, exitCode = 3] of refusals) {
  test(`${title}: refused, and there is no file`, async (t) => {
    const { cwd } = emptyStore(t);
    const target = path.join(cwd, 'derived.gguf');
    writeFileSync(path.join(cwd, 'tiny.gguf'), file);
    await assert.rejects(
      writeDerived(path.join(cwd, 'tiny.gguf'), target, recipe),
      (error) => error instanceof SlmError && message.test(error.message) && error.exitCode === exitCode,
    );
    assert.ok(!existsSync(target));
  });
}

test('equal recipes have equal texts, others differ', () => {
  const rows = [Float32Array.of(1, 2)];
  const recipes: Recipe[] = [
    same,
    { ...same, layers: 3 },
    { ...same, tokens: 'latin' },
    { ...same, tokens: [1, 2] },
    { ...same, tokens: [1, 3] },
    { ...same, output: { unit: true } },
    { ...same, output: { unit: true, type: 'F32' } },
    { ...same, output: { rows } },
    { ...same, output: { rows: [Float32Array.of(1), Float32Array.of(2)] } },
  ];
  assert.equal(new Set(recipes.map(recipeText)).size, recipes.length);
  assert.equal(new Set(recipes.map(recipeName)).size, recipes.length);
  assert.equal(recipeText({ ...same, output: { rows: [Float32Array.of(1, 2)] } }), recipeText(recipes[7] as Recipe));
  assert.equal(recipeName({ layers: 10, tokens: 'latin', output: { unit: true } }), '+10l+latin+unit');
});

test('half precision: each of its values is kept, and what lies between goes to the nearest', () => {
  const numberOf = (half: number) => {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  };
  for (let half = 0; half < 0x7c00; half++) {
    assert.equal(toHalf(numberOf(half)), half);
    assert.equal(toHalf(-numberOf(half)), half | 0x8000);
    const middle = (numberOf(half) + numberOf(half + 1)) / 2;
    assert.equal(toHalf(middle), half % 2 === 0 ? half : half + 1, `ties to even: ${middle}`);
    assert.equal(toHalf(middle * 1.0001), half + 1);
  }
  assert.deepEqual([toHalf(1e9), toHalf(Number.NEGATIVE_INFINITY)], [0x7c00, 0xfc00]);
});
