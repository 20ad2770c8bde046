import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TuneReport } from '../../src/app/tuning/tune-report.js';
import { openEmbedder } from '../../src/engines/llama/open-embedder.js';
import { architectureOf } from '../../src/gguf/architecture-of.js';
import { modelFile, smollm } from '../helpers/models.js';
import { runSlm } from '../helpers/slm.js';
import { tinyBert } from '../helpers/tiny-bert.js';
import { tinyGguf } from '../helpers/tiny-gguf.js';

const folder = mkdtempSync(path.join(tmpdir(), 'slm-embedder-'));
after(() => rmSync(folder, { recursive: true }));
before(async () => {
  await modelFile(smollm);
});

const subjects = {
  food: ['soup', 'bread', 'cheese', 'apple', 'rice'],
  travel: ['train', 'ticket', 'hotel', 'beach', 'flight'],
};
const others = ['the', 'a', 'was', 'very', 'good', 'late', 'today', 'again', 'we', 'had'];
const file = path.join(folder, 'tiny-bert.gguf');
writeFileSync(file, tinyBert([...subjects.food, ...subjects.travel, ...others]));

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

describe('an embedding model', () => {
  it('is told by the architecture in its file', () => {
    assert.equal(architectureOf(file), 'bert');
    const other = path.join(folder, 'other.gguf');
    // Not the first key of the file.
    writeFileSync(other, tinyGguf({ metadata: { 'a.key': 'x'.repeat(5000), 'general.architecture': 'llama' } }));
    assert.equal(architectureOf(other), 'llama');
  });

  it('gives vectors of length 1, in the order of the texts, the same whatever else is asked for', async () => {
    const engine = await openEmbedder({ path: file, threads: 2 });
    try {
      const texts = ['the soup was good', 'the train was late', 'the soup was good', 'soup and bread', ''];
      const vectors = await engine.embed(texts);
      assert.equal(engine.dimensions, 32);
      for (const vector of vectors) {
        assert.equal(vector.length, 32);
        assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
      }
      const [soup, train, again] = vectors as [Float32Array, Float32Array, Float32Array];
      assert.deepEqual(again, soup);
      assert.ok(dot(soup, train) < 0.99);
      const [alone] = await engine.embed([texts[1] as string]);
      assert.deepEqual(alone, train);
      assert.ok(engine.usage().evaluatedTokens > 0);
    } finally {
      await engine.dispose();
    }
  });

  it('reads a long text in parts, each of which counts by its length', async () => {
    const engine = await openEmbedder({ path: file, threads: 1, contextSize: 43 });
    try {
      // 40 tokens are read at once: 60 of them in two parts of 30.
      const parts = ['the soup was good again '.repeat(6), 'we had a late train '.repeat(6)] as const;
      const [first, second, long] = (await engine.embed([...parts, parts.join('')])) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      assert.equal(engine.countTokens(parts.join('')), 62);
      const sum = first.map((value, i) => value + (second[i] as number));
      const length = Math.sqrt(dot(sum, sum));
      assert.ok(dot(first, second) < 0.999);
      assert.ok(Math.abs(dot(long, sum) / length - 1) < 1e-5);
    } finally {
      await engine.dispose();
    }
  });

  it('gives short and long texts vectors of the same kind, though it reads them in other ways', async () => {
    const engine = await openEmbedder({ path: file, threads: 1 });
    try {
      // 90 tokens without flash attention, 100 with it.
      const [short, long] = (await engine.embed([
        'the soup was good again '.repeat(18),
        'the soup was good again '.repeat(20),
      ])) as [Float32Array, Float32Array];
      assert.ok(dot(short, long) > 0.999);
    } finally {
      await engine.dispose();
    }
  });

  it('leaves to the caller what is put before a text, and says what the model wants', async () => {
    const engine = await openEmbedder({ path: file, threads: 1, textPrefixes: { query: 'search_query: ' } });
    assert.deepEqual(engine.prefixes, { text: '', query: 'search_query: ', passage: '' });
    await engine.dispose();
  });
});

describe('a task on an embedding model', () => {
  const task = path.join(folder, 'subject');
  mkdirSync(task);
  writeFileSync(
    path.join(task, 'task.yaml'),
    'name: subject\ndescription: what a line is about\ntype: classify\nlabels: [food, travel]\n',
  );
  const lines = Object.entries(subjects).flatMap(([label, words]) =>
    words.flatMap((word) =>
      others.slice(2, 8).map((other) => JSON.stringify({ text: `the ${word} was ${other} today`, label })),
    ),
  );
  const data = path.join(folder, 'data.jsonl');
  writeFileSync(data, `${lines.join('\n')}\n`);
  const given = ['-m', file];

  it('has to be trained first, and says so', async () => {
    const { code, stderr, stdout } = await runSlm(['run', task, ...given, '-t', 'a soup']);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /cannot give labels until a head is trained .*\n.*slm tune subject/u);
    assert.equal(stdout, '');
  });

  it('is tuned to a head over embeddings, runs and is measured by it', async () => {
    const tuned = await runSlm(['tune', task, ...given, '--data', data, '--no-words', '--budget', '60s']);
    assert.equal(tuned.code, 0, tuned.stderr);
    assert.match(tuned.stderr, /head over embeddings/u);
    const run = await runSlm(['run', task, ...given, '--json', '-t', 'we had a very good cheese', '--no-warm']);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).label, 'food');
    const measured = await runSlm(['eval', task, ...given, '--data', data, '--json']);
    assert.equal(measured.code, 0, measured.stderr);
  });

  it('takes the place of a language model where it is as good, and is asked for by its head alone', async () => {
    const own = path.join(folder, 'own.gguf');
    copyFileSync(file, own);
    const model = ['-m', smollm];
    const beside = [...model, '--embedder', own, '--method', 'scores', '--no-words', '--no-compare'];
    const { code, stdout, stderr } = await runSlm(['tune', task, ...beside, '--data', data, '--budget', '1ms']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Installed: own: head over embeddings/u);
    assert.match(stdout, /The embedding model does the task alone from now on: the language model is not loaded/u);
    const text = ['-t', 'we had a very good cheese', '--no-warm'];
    const run = await runSlm(['run', task, ...model, '--json', ...text]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).label, 'food');
    const measured = await runSlm(['eval', task, ...model, '--data', data, '--json']);
    assert.equal(measured.code, 0, measured.stderr);

    writeFileSync(own, tinyBert([...others, ...subjects.travel, ...subjects.food]));
    const changed = await runSlm(['run', task, ...model, ...text]);
    assert.equal(changed.code, 3, changed.stderr);
    assert.match(changed.stderr, /it was trained with another version of the file of ".*own\.gguf"/u);
    rmSync(own);
    const missing = await runSlm(['run', task, ...model, ...text]);
    assert.equal(missing.code, 3, missing.stderr);
    assert.match(
      missing.stderr,
      /trained with vectors of the embedding model ".*own\.gguf", which is not on this machine/u,
    );
    const untuned = await runSlm(['run', task, ...model, '--untuned', ...text]);
    assert.equal(untuned.code, 0, untuned.stderr);
    assert.equal((await runSlm(['tune', task, ...model, '--reset'])).code, 0);

    const other = await runSlm(['tune', task, ...given, '--embedder', smollm, '--data', data]);
    assert.equal(other.code, 2, other.stderr);
    assert.match(other.stderr, /--embedder: smollm2-135m-instruct is no embedding model/u);
  });

  it('learns from the labels of a larger model, which are kept for the next time', async () => {
    const texts = path.join(folder, 'texts.txt');
    writeFileSync(texts, lines.map((line) => (JSON.parse(line) as { text: string }).text).join('\n'));
    const labelled = path.join(folder, 'labelled.jsonl');
    writeFileSync(labelled, lines.filter((_, i) => i % 6 === 0).join('\n'));
    const teacher = ['--teacher', smollm, '--unlabelled', texts, '--data', labelled];
    const args = ['tune', task, ...given, ...teacher, '--no-words', '--budget', '60s', '--json'];
    const tuned = await runSlm(args);
    assert.equal(tuned.code, 0, tuned.stderr);
    const { taught, data } = JSON.parse(tuned.stdout) as TuneReport;
    assert.ok(taught !== null);
    assert.equal(taught.teacher, smollm);
    // The labelled rows stand among the texts, and are not learned.
    assert.equal(taught.texts, 50);
    assert.equal(taught.labelled, 50);
    assert.equal(taught.fresh, 60);
    assert.equal(data.n, 50);
    assert.equal(data.file, `texts.txt (labelled by ${smollm})`);
    assert.equal(taught.judged?.n, 10);
    const again = await runSlm(args);
    assert.equal(again.code, 0, again.stderr);
    assert.equal((JSON.parse(again.stdout) as TuneReport).taught?.fresh, 0);
  });

  it('has no teacher without texts, and none for other types of tasks', async () => {
    const without = await runSlm(['tune', task, ...given, '--teacher', smollm]);
    assert.equal(without.code, 2, without.stderr);
    assert.match(without.stderr, /--teacher needs texts to label/u);
    const entities = await runSlm(['tune', 'ner', ...given, '--teacher', smollm, '--unlabelled', data]);
    assert.equal(entities.code, 2, entities.stderr);
    assert.match(entities.stderr, /--teacher gives probabilities of labels; "ner" is of type extract/u);
  });

  it('refuses what an embedding model cannot do', async () => {
    const { code, stderr } = await runSlm(['run', 'ner', ...given, '-t', 'Anna met Bob.', '--no-warm']);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /needs log-probabilities of tokens, but the engine of tiny-bert gives only embeddings/u);
  });
});
