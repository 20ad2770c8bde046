import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { getLlama, LlamaLogLevel, type Token as NativeToken } from 'node-llama-cpp';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { verifyDerived } from '../../src/engines/llama/verify-derived.js';
import { writtenWith } from '../../src/gguf/alphabet.js';
import { architectureOf } from '../../src/gguf/architecture-of.js';
import { valuePlaces } from '../../src/gguf/architectures.js';
import { writeDerived } from '../../src/gguf/derive.js';
import { readGgufHeader } from '../../src/gguf/header.js';
import type { Recipe } from '../../src/gguf/recipe.js';
import type { GgufTensor } from '../../src/gguf/types.js';
import type { LocalEngine } from '../../src/types.js';
import { gemma, modelFile, qwen, smollm } from '../helpers/models.js';
import { runSlm } from '../helpers/slm.js';
import { filesIn } from '../helpers/task-folder.js';

const latin: Recipe = { layers: null, tokens: 'latin', output: null };

const familiar = [
  'The soup was cold and the waiter laughed at us.',
  'Łódź – Kraków: 12,50 € (“naïve” café)…',
  'floccinaucinihilipilification pneumonoultramicroscopicsilicovolcanoconiosis',
  'for (let i = 0; i < n; i++) {\n\t\tsum += a[i] ** 2; // 0x1F\n}\r\n',
  '<html>\n  <b>&nbsp;</b></html><start_of_turn>user <|im_start|> <unused3> <0x41>',
  '3.14159 1e-9 2024-02-29T23:59 +49 (0)30 fe80::1%eth0 x@y.zw',
  '        \n\n\n\n\t\t\t',
  'Âû×ÿĂőŕžșț°§¶',
];
const strange = ['🙂👩‍👩‍👧', '你好，世界', 'مرحبا بالعالم', 'привет', '→ ∑ ≤', 'e\u0301', '\u200b', '▁'];

/** Pieces of texts, cut anywhere and joined: words that no vocabulary has. */
const anyText = (sources: readonly string[]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...sources), fc.nat(60), fc.integer({ min: 1, max: 25 })), {
      minLength: 1,
      maxLength: 6,
    })
    .map((pieces) =>
      pieces
        .map(([text, start, length]) =>
          [...text]
            .slice(start % [...text].length)
            .slice(0, length)
            .join(''),
        )
        .join(''),
    );

for (const name of [gemma, smollm]) {
  describe(`files derived from ${name}`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'slm-derived-'));
    let source: string;
    let whole: LocalEngine;
    let cut: LocalEngine;
    let newIds: Int32Array;

    const engineOf = (file: string) => openEngine({ path: file, threads: 1, contextSize: 256 });
    const derive = async (recipe: Recipe, file: string) => {
      const target = path.join(folder, file);
      return { path: target, newIds: await writeDerived(source, target, recipe) };
    };

    before(async () => {
      source = await modelFile(name);
      const derived = await derive(latin, 'latin.gguf');
      newIds = derived.newIds;
      whole = await engineOf(source);
      cut = await engineOf(derived.path);
    });
    after(async () => {
      await whole.dispose();
      await cut.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    test('a text written with the alphabet has the same tokens', () => {
      fc.assert(
        fc.property(anyText(familiar), fc.boolean(), (text, special) => {
          assert.ok(writtenWith('latin', text));
          const expected = whole.tokenize(text, { special }).map((id) => newIds[id]);
          assert.deepEqual(cut.tokenize(text, { special }), expected);
          assert.equal(cut.detokenize(cut.tokenize(text)), whole.detokenize(whole.tokenize(text)));
        }),
        { numRuns: 1000 },
      );
    });

    test('any other text either has the same tokens or is told apart', () => {
      let apart = 0;
      fc.assert(
        fc.property(anyText([...familiar, ...strange]), (text) => {
          if (!writtenWith('latin', text)) {
            apart++;
            return;
          }
          assert.deepEqual(
            cut.tokenize(text),
            whole.tokenize(text).map((id) => newIds[id]),
          );
        }),
        { numRuns: 500 },
      );
      assert.ok(apart > 50);
      for (const text of strange) assert.ok(!writtenWith('latin', text), text);
    });

    test('the tensors are those of the model, byte for byte, and so are the rows of the kept tokens', () => {
      const old = readGgufHeader(source);
      const now = readGgufHeader(path.join(folder, 'latin.gguf'));
      assert.equal(now.tensors.length, old.tensors.length);
      const kept = [...newIds.keys()].filter((id) => (newIds[id] ?? -1) >= 0);
      for (const [i, tensor] of now.tensors.entries()) {
        const before = old.tensors[i] as GgufTensor;
        assert.equal(tensor.name, before.name);
        const byToken = tensor.name === 'token_embd.weight';
        assert.equal(digestOf(now, tensor, null), digestOf(old, before, byToken ? kept : null), tensor.name);
      }
    });

    test('log-probabilities are the same but for what the dropped tokens had', async () => {
      const { expected, found } = await scores(whole, cut, newIds);
      assertSameLogits(expected, found);
      // Seen in a sentence that the models understand: 0.02 nats at most.
      const gains = expected.flatMap((row, i) => row.map((value, j) => (found[i]?.[j] ?? Number.NaN) - value));
      assert.ok(Math.max(...gains) < 0.1, `${Math.max(...gains)}`);
    });

    test('with fewer layers the vocabulary makes no difference either', async () => {
      const all = readGgufHeader(source).metadata.get(`${whole.model.architecture}.block_count`)?.value as number;
      for (const layers of fc.sample(fc.integer({ min: 1, max: all - 1 }), 2)) {
        const engines = [
          await engineOf((await derive({ ...latin, layers, tokens: 'all' }, 'reference.gguf')).path),
          await engineOf((await derive({ ...latin, layers }, 'short.gguf')).path),
        ] as const;
        const { expected, found } = await scores(...engines, newIds);
        assertSameLogits(expected, found);
        for (const engine of engines) await engine.dispose();
      }
    });

    test('unit vectors give the hidden state: its products with the embeddings are the logits of the model', async () => {
      const text = whole.tokenize(' The waiter from Kraków laughed at the soup').slice(0, 12);
      const width = readGgufHeader(source).metadata.get(`${whole.model.architecture}.embedding_length`)
        ?.value as number;
      const layers = 8;
      const tokens = [...new Set(text)].sort((a, b) => a - b);
      const short = await derive({ layers, tokens: 'all', output: null }, 'short.gguf');
      const unit = await derive({ layers, tokens, output: { unit: true } }, 'unit.gguf');
      const rows = tokens.map((id) => embedding(source, id));
      const own = await derive({ layers, tokens, output: { rows } }, 'rows.gguf');
      const asNew = text.map((id) => unit.newIds[id] ?? -1);

      const hidden = await logitsAfter(unit.path, asNew, [...Array(width).keys()]);
      const expected = await logitsAfter(short.path, text, tokens);
      const asRows = await logitsAfter(
        own.path,
        text.map((id) => own.newIds[id] ?? -1),
        [...rows.keys()],
      );
      const products = rows.map((row) => row.reduce((sum, weight, i) => sum + weight * (hidden[i] ?? Number.NaN), 0));
      // llama.cpp rounds the hidden state to 8 bits before it multiplies with rows of Q8_0. Seen: 0.7 % of the largest.
      const scale = Math.max(...expected.map(Math.abs));
      for (const [i, value] of expected.entries()) {
        assert.ok(Math.abs((products[i] ?? Number.NaN) - value) < scale * 0.03, `${i}: ${products[i]} and ${value}`);
        assert.ok(Math.abs((asRows[i] ?? Number.NaN) - value) < scale * 0.01, `${i}: ${asRows[i]} and ${value}`);
      }
    });
  });
}

/** Qwen 2 has biases beside its matrices, also beside that of the values. */
for (const name of [gemma, smollm, qwen]) {
  test(`${name}: what a head reads are the products of its rows with the hidden state`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'slm-values-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const source = await modelFile(name);
    const header = readGgufHeader(source);
    const width = header.metadata.get(`${architectureOf(source)}.embedding_length`)?.value as number;
    const rows = Array.from({ length: 150 }, (_, i) =>
      Float32Array.from({ length: width }, (_, j) => Math.sin(i * 31 + j) / Math.sqrt(width)),
    );
    const input = [...Array(12).keys()].map((i) => 1000 + 37 * i);
    const tokens = [...Array(width).keys(), ...input].filter((id, i, all) => all.indexOf(id) === i);
    tokens.sort((a, b) => a - b);
    const unit: Recipe = { layers: 6, tokens, output: { unit: true } };
    const values: Recipe = { layers: 6, tokens: 'all', output: { values: rows } };
    const states = await headScoresOf(source, path.join(folder, 'unit.gguf'), unit, input, width);
    const products = await headScoresOf(source, path.join(folder, 'values.gguf'), values, input, rows.length);
    for (const [at, state] of states.entries()) {
      // Values are kept in half precision.
      const scale = Math.hypot(...state) / Math.sqrt(2);
      for (const [i, row] of rows.entries()) {
        const expected = row.reduce((sum, weight, j) => sum + weight * (state[j] as number), 0);
        const found = products[at]?.[i] ?? Number.NaN;
        assert.ok(Math.abs(found - expected) < scale * 0.02, `token ${at}, row ${i}: ${found} and ${expected}`);
      }
    }
  });
}

/** What a derived file gives after each token of a text. */
async function headScoresOf(source: string, file: string, recipe: Recipe, text: readonly number[], count: number) {
  const newIds = await writeDerived(source, file, recipe);
  const places = recipe.output !== null && 'values' in recipe.output;
  const engine = await openEngine({
    path: file,
    threads: 1,
    contextSize: 256,
    ...(places ? { values: valuePlaces(readGgufHeader(source), recipe) } : {}),
  });
  try {
    const input = text.map((id) => newIds[id] ?? -1);
    return await engine.headScores({ prefix: [], input }, [...input.keys()], count);
  } finally {
    await engine.dispose();
  }
}

/** Scores of a few tokens after each token of a sentence; for the second engine by their new ids. */
async function scores(whole: LocalEngine, cut: LocalEngine, newIds: Int32Array) {
  const sentence = 'The capital of France is Paris, and the capital of Germany is Berlin. It has 3,6 million';
  const input = [...whole.bos, ...whole.tokenize(sentence)];
  const asked = [...new Set(input)].slice(0, 10);
  const now = (ids: readonly number[]) => ids.map((id) => newIds[id] ?? -1);
  return {
    expected: await whole.scoreNext({ prefix: [], input }, [...input.keys()], asked),
    found: await cut.scoreNext({ prefix: [], input: now(input) }, [...input.keys()], now(asked)),
  };
}

/** At each place all tokens gain the same, and none loses. */
function assertSameLogits(expected: readonly number[][], found: readonly number[][]): void {
  for (const [i, row] of expected.entries()) {
    const gains = row.map((value, j) => (found[i]?.[j] ?? Number.NaN) - value);
    assert.ok(Math.max(...gains) - Math.min(...gains) < 1e-3, `${i}: ${gains}`);
    assert.ok(Math.min(...gains) > -1e-3, `${i}: ${gains}`);
  }
}

/** Digest of the data of a tensor, or of some rows of it. */
function digestOf(
  header: ReturnType<typeof readGgufHeader>,
  tensor: GgufTensor,
  rows: readonly number[] | null,
): string {
  const data = read(header.path, header.dataStart + tensor.offset, tensor.bytes ?? 0);
  const hash = createHash('sha256');
  const rowBytes = data.length / (tensor.shape[1] ?? 1);
  if (rows === null) hash.update(data);
  else for (const id of rows) hash.update(data.subarray(id * rowBytes, (id + 1) * rowBytes));
  return hash.digest('hex');
}

function read(file: string, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  const handle = openSync(file, 'r');
  try {
    assert.equal(readSync(handle, buffer, 0, length, position), length);
  } finally {
    closeSync(handle);
  }
  return buffer;
}

/** A row of the embedding, which is in Q8_0 in both models: blocks of a scale and 32 whole numbers. */
function embedding(file: string, id: number): Float32Array {
  const header = readGgufHeader(file);
  const tensor = header.tensors.find((each) => each.name === 'token_embd.weight');
  assert.ok(tensor?.type === 8);
  const width = tensor.shape[0] as number;
  const bytes = read(file, header.dataStart + tensor.offset + (id * width * 34) / 32, (width * 34) / 32);
  return Float32Array.from({ length: width }, (_, i) => {
    const block = Math.floor(i / 32) * 34;
    const half = bytes.readUInt16LE(block);
    const exponent = (half >> 10) & 31;
    const scale = exponent === 0 ? (half & 1023) * 2 ** -24 : (1 + (half & 1023) / 1024) * 2 ** (exponent - 15);
    return scale * bytes.readInt8(block + 2 + (i % 32));
  });
}

/** Logits of some tokens after a text, by the library itself. */
async function logitsAfter(modelPath: string, text: readonly number[], wanted: readonly number[]): Promise<number[]> {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 1 });
  try {
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
    const context = await model.createContext({ contextSize: 64, batchSize: 64, threads: 1, swaFullCache: true });
    const sequence = context.getSequence();
    const last = text.at(-1) as NativeToken;
    const filter = { tokens: wanted as NativeToken[], includeSelected: true };
    const output = await sequence.controlledEvaluate([
      ...(text.slice(0, -1) as NativeToken[]),
      [last, { generateNext: { logits: { filter } } }],
    ]);
    const logits = output.at(-1)?.next.logits;
    return wanted.map((token) => logits?.get(token as NativeToken) ?? Number.NaN);
  } finally {
    await llama.dispose();
  }
}

describe('checking a derived file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-derived-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('a file of another recipe does not pass for it', async () => {
    const source = await modelFile(smollm);
    const derived = path.join(folder, 'wrong.gguf');
    await writeDerived(source, derived, { ...latin, layers: 29 });
    await assert.rejects(verifyDerived({ source, derived, recipe: latin }), /log-probabilities moved by/u);
    const tokens = Array.from({ length: 40_000 }, (_, id) => id).filter((id) => id !== 260);
    await writeDerived(source, derived, { ...latin, tokens });
    await assert.rejects(verifyDerived({ source, derived, recipe: latin }), /other tokens than the whole model/u);
    const found = await verifyDerived({ source, derived, recipe: { ...latin, tokens } });
    assert.equal(found.tokens, null);
  });
});

/** Without calibration, which would be computed for the new file. */
const task = `name: mood
description: Mood of a text.
type: classify
labels: [good, bad]
method: label-likelihood
options: {calibration: none}
`;

test('slm models derive makes a file that slm run takes, that is listed and can be removed', async (t) => {
  const cwd = filesIn(t, { 'mood.yaml': task });
  const made = await runSlm(['models', 'derive', smollm, '--layers', '20', '--vocabulary', 'latin']);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /smollm2-135m-instruct\+20l\+latin +\d+ MB +20 +48,664/u);
  const file = made.stdout.trim();
  const run = await runSlm(['run', './mood.yaml', '-m', file, '-', '--json'], { input: 'I love this.\n', cwd });
  assert.equal(run.code, 0, run.stderr);
  assert.ok(['good', 'bad'].includes(JSON.parse(run.stdout).label), run.stdout);
  const listed = await runSlm(['models', 'list', '--derived', '--json']);
  assert.deepEqual(
    JSON.parse(listed.stdout).map((each: { name: string; path: string }) => [each.name, each.path]),
    [['smollm2-135m-instruct+20l+latin', file]],
  );
  assert.equal((await runSlm(['models', 'rm', 'smollm2-135m-instruct+20l+latin'])).code, 0);
  assert.equal((await runSlm(['models', 'list', '--derived', '--json'])).stdout.trim(), '[]');
});
