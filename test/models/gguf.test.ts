import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { SlmError } from '../../src/errors.js';
import { checkGguf } from '../../src/gguf/check.js';
import { checkTokens } from '../../src/gguf/check-tokens.js';
import { readGgufHeader } from '../../src/gguf/header.js';
import { estimateMemory } from '../../src/gguf/memory.js';
import { summarize } from '../../src/gguf/summary.js';
import { emptyStore } from '../helpers/model-store.js';
import { tinyGguf } from '../helpers/tiny-gguf.js';

function fileWith(t: TestContext, bytes: Buffer | string): string {
  const file = path.join(emptyStore(t).cwd, 'x.gguf');
  writeFileSync(file, bytes);
  return file;
}

const shape = {
  'general.architecture': 'llama',
  'general.name': 'Tiny',
  'general.license': 'mit',
  'general.file_type': 15,
  'llama.context_length': 4096,
  'llama.block_count': 2,
  'llama.embedding_length': 8,
  'llama.attention.head_count': 4,
  'llama.attention.head_count_kv': 2,
  'tokenizer.ggml.tokens': ['a', 'b', 'c'],
  'tokenizer.chat_template': '{{ messages }}',
};

test('the header gives architecture, sizes, quant, licence and template', (t) => {
  const summary = summarize(checkGguf(fileWith(t, tinyGguf({ metadata: shape, weights: 100 }))));
  assert.deepEqual(summary, {
    architecture: 'llama',
    name: 'Tiny',
    license: 'mit',
    quant: 'Q4_K_M',
    parameters: 100,
    contextLength: 4096,
    blockCount: 2,
    embeddingLength: 8,
    vocabularySize: 3,
    chatTemplate: '{{ messages }}',
    tensorCount: 1,
    tensorBytes: 400,
  });
});

for (const [key, value] of [
  ['llama.block_count', 0x7fffffff],
  ['llama.block_count', 0],
  ['llama.block_count', 40],
  ['llama.attention.layer_norm_rms_epsilon', { f32: [Number.NaN] }],
  ['llama.attention.layer_norm_rms_epsilon', { f32: [-1] }],
  ['llama.attention.head_count', 0xffffffff],
  ['llama.expert_count', 4096],
  ['llama.rope.freq_base', 'ten'],
  ['llama.rope.scaling.type', 'nope'],
  ['llama.expert_used_count', 5],
] as const) {
  test(`${key} = ${JSON.stringify(value)} is refused before llama.cpp sees the file`, (t) => {
    const file = fileWith(t, tinyGguf({ metadata: { ...shape, [key]: value as number }, weights: 100 }));
    assert.throws(
      () => checkGguf(file),
      (error) => error instanceof SlmError && error.exitCode === 3 && error.message.includes(`${key} = `),
    );
  });
}

test('long arrays are counted but not kept, unless asked for', (t) => {
  const tokens = Array.from({ length: 5000 }, (_, i) => `token ${i}`);
  const file = fileWith(t, tinyGguf({ metadata: { 'general.architecture': 'llama', tokens } }));
  const skipped = readGgufHeader(file).metadata.get('tokens')?.value;
  assert.deepEqual(skipped, { elementType: 8, length: 5000, values: null });
  const read = readGgufHeader(file, { arrays: ['tokens'] }).metadata.get('tokens')?.value;
  assert.deepEqual(read, { elementType: 8, length: 5000, values: tokens });
});

test('cache: tokens × layers × key/value heads × (key + value length) × 2 bytes', (t) => {
  const estimate = estimateMemory(checkGguf(fileWith(t, tinyGguf({ metadata: shape, weights: 100 }))), 1000);
  // Head size 8 / 4 = 2: 1000 × 2 layers × 2 heads × (2 + 2) × 2 bytes.
  assert.equal(estimate.cache, 32_000);
  assert.equal(estimate.weights, 400);
  assert.equal(estimate.overhead, 128 * 3 * 4 + 100_000_000);
  assert.equal(estimate.total, 32_000 + 400 + estimate.overhead);
});

const impostors: [string, Buffer | string, RegExp][] = [
  ['an empty file', '', /is empty/],
  ['a web page', '<!DOCTYPE html><html><body>Sign in</body></html>', /is a web page/],
  ['a JSON error', '{"error":"Repository not found"}', /is a JSON text/],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n', /Git LFS pointer/],
  ['PyTorch weights', Buffer.from('PK\u0003\u0004\u0000\u0000'), /zip archive/],
  ['an old GGML file', Buffer.from('tjgg\u0001\u0000\u0000\u0000'), /old GGML/],
  ['zeros', Buffer.alloc(4096), /filled with zeros/],
  [
    'random bytes',
    Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 89 + 7) % 256)),
    /does not begin with "GGUF"/,
  ],
  ['four bytes', 'GGUF', /is cut off/],
  ['a future version', Buffer.concat([Buffer.from('GGUF\u0009\u0000\u0000\u0000'), Buffer.alloc(99)]), /version is 9/],
  ['a big-endian file', Buffer.concat([Buffer.from('GGUF\u0000\u0000\u0000\u0003'), Buffer.alloc(99)]), /big-endian/],
  ['a LoRA adapter', tinyGguf({ metadata: { 'general.architecture': 'llama', 'general.type': 'adapter' } }), /LoRA/],
  ['an image projector', tinyGguf({ metadata: { 'general.architecture': 'clip' } }), /projector/],
  ['a file without architecture', tinyGguf({ metadata: {} }), /holds no model/],
  [
    'a piece of a split model',
    tinyGguf({ metadata: { 'general.architecture': 'llama', 'split.count': 2 } }),
    /one of 2 pieces/,
  ],
  [
    'a file without a vocabulary',
    tinyGguf({ metadata: { 'general.architecture': 'llama', 'tokenizer.ggml.model': 'none' } }),
    /has no vocabulary/,
  ],
];

for (const [title, bytes, message] of impostors) {
  test(`${title} is refused with one error that names it`, (t) => {
    const file = fileWith(t, bytes);
    assert.throws(
      () => checkGguf(file),
      (error) =>
        error instanceof SlmError &&
        error.exitCode === 3 &&
        message.test(error.message) &&
        error.message.includes(file),
    );
  });
}

test('a file cut off anywhere is refused', (t) => {
  const whole = tinyGguf({ metadata: shape });
  for (let length = 1; length < whole.length; length += 7) {
    const file = fileWith(t, whole.subarray(0, length));
    assert.throws(() => checkGguf(file), { name: 'SlmError' }, `${length} of ${whole.length} bytes`);
  }
});

test('no damaged byte crashes the reader: it succeeds or throws an SlmError', (t) => {
  const whole = tinyGguf({ metadata: shape });
  const file = fileWith(t, whole);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 9 }), (at, bytes) => {
      const damaged = Buffer.from(whole);
      damaged.set(bytes.subarray(0, damaged.length - at), at);
      writeFileSync(file, damaged);
      try {
        checkGguf(file);
      } catch (error) {
        assert.ok(error instanceof SlmError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('a folder and a missing file are told apart', (t) => {
  const { cwd } = emptyStore(t);
  assert.throws(() => checkGguf(cwd), /is a folder/);
  assert.throws(() => checkGguf(path.join(cwd, 'nowhere.gguf')), /There is no file/);
});

test('tokens with the same text are refused, wherever they stand; others and empty ones are not', (t) => {
  const check = (tokens: readonly string[]) =>
    checkTokens(checkGguf(fileWith(t, tinyGguf({ metadata: { ...shape, 'tokenizer.ggml.tokens': [...tokens] } }))));
  const many = Array.from({ length: 3000 }, (_, i) => `token ${i} ${'x'.repeat(i % 50)}`);
  check(many);
  check(['', 'a', '', 'b', '']);
  for (const [first, second] of [
    [0, 1],
    [0, 2999],
    [1500, 2999],
  ] as const) {
    const tokens = many.with(second, many[first] as string);
    assert.throws(() => check(tokens), new RegExp(`its token ${second} has the same text as one before it`, 'u'));
  }
  // Quickly, too, where all are the same.
  assert.throws(() => check(new Array(200_000).fill('a')), /its token 1 has the same text/u);
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 60 }), (tokens) => {
      const named = tokens.filter((token) => token !== '');
      const isDistinct = new Set(named.map((token) => Buffer.from(token).toString('hex'))).size === named.length;
      if (isDistinct) check(tokens);
      else assert.throws(() => check(tokens), SlmError);
    }),
    { numRuns: 60 },
  );
});
