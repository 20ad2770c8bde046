import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { readGgufFileInfo } from 'node-llama-cpp';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { readHeadersFast } from '../../src/engines/llama/patches/file-info.js';
import { startLoading } from '../../src/engines/llama/patches/head-start.js';
import { importInternal } from '../../src/engines/llama/patches/internals.js';
import { places } from '../../src/engines/llama/patches/library.js';
import type { LocalEngine } from '../../src/types.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { root, runSlm } from '../helpers/slm.js';

const directory = mkdtempSync(path.join(tmpdir(), 'slm-start-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** For Gemma 3 of about 700 tokens: more than its sliding window (512). */
const sentences: Readonly<Record<string, number>> = { [smollm]: 10, [gemma]: 75 };

async function scoresOf(engine: LocalEngine, name: string): Promise<number[][]> {
  const lines = Array.from({ length: sentences[name] as number }, (_, i) => `On day ${i} the train was late again.`);
  const prefix = [...engine.bos, ...engine.tokenize(lines.join(' '))];
  const words = [' good', ' bad', ' very good indeed'].map((word) => engine.tokenize(word));
  const scores: number[][] = [];
  for (const text of ['\nMood:', '\nThe sea was', '\nMood:']) {
    scores.push(await engine.scoreContinuations({ prefix: [prefix], input: engine.tokenize(text) }, words));
  }
  return scores;
}

/** For JSON.stringify: long lists by their length. */
const brief = (_key: string, value: unknown) =>
  Array.isArray(value) && value.length > 10_000 ? `${value.length} values` : value;

for (const name of [smollm, gemma]) {
  describe(name, () => {
    test('a prefix from the cache gives the same numbers to the bit, in this process and the next', async () => {
      const file = await modelFile(name);
      const prefixes = { directory: path.join(directory, name), now: () => Date.now() };
      const common = { path: file, threads: 1, contextSize: 1536 };
      const results: number[][][] = [];
      for (const options of [common, { ...common, prefixes }, { ...common, prefixes }]) {
        const engine = await openEngine(options);
        results.push(await scoresOf(engine, name));
        const { prefixTokens, reusedTokens } = engine.usage();
        assert.equal(prefixTokens === 0, results.length === 3, `${prefixTokens} evaluated, ${reusedTokens} reused`);
        await engine.dispose();
      }
      assert.deepEqual(results[1], results[0]);
      assert.deepEqual(results[2], results[0]);
      const states = readdirSync(prefixes.directory);
      assert.equal(states.length, 1);

      const state = path.join(prefixes.directory, states[0] as string);
      writeFileSync(state, readFileSync(state).fill(7, 2000, 3000));
      const engine = await openEngine({ ...common, prefixes });
      assert.deepEqual(await scoresOf(engine, name), results[0]);
      assert.ok(engine.usage().prefixTokens > 0, 'the damaged state was not used');
      await engine.dispose();
    });

    test('our reader tells the library what its own would, long lists aside', async () => {
      const file = await modelFile(name);
      await readHeadersFast();
      const fast = JSON.stringify(await readGgufFileInfo(file, { sourceType: 'filesystem' }), brief);
      // In a process of its own, where nothing of the library has been changed.
      const script = `import { readGgufFileInfo } from 'node-llama-cpp';
        const info = await readGgufFileInfo(${JSON.stringify(file)}, { sourceType: 'filesystem' });
        console.log(JSON.stringify(info, ${brief}));`;
      const slow = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: root,
        encoding: 'utf8',
      });
      assert.deepEqual(JSON.parse(fast), JSON.parse(slow));
    });
  });
}

test('what the engine uses stands where it is looked for, and is what the library exports', async () => {
  const ours: Record<string, unknown> = await import('../../src/engines/llama/patches/library.js');
  const theirs: Record<string, unknown> = await import('node-llama-cpp');
  const names = Object.keys(ours).filter((name) => name in theirs);
  assert.equal(names.length, 6);
  for (const name of names) {
    assert.equal(ours[name], theirs[name], name);
    assert.equal(
      (await importInternal<Record<string, unknown>>(places[name as keyof typeof places]))[name],
      ours[name],
    );
  }
});

test('a start opens the bundle, and no module of the library by itself', async () => {
  await modelFile(smollm);
  const coverage = path.join(directory, 'coverage');
  const run = await runSlm(['run', 'sentiment', '-m', smollm, '-t', 'Just so.', '--no-warm'], {
    env: { NODE_V8_COVERAGE: coverage },
  });
  assert.equal(run.code, 0, run.stderr);
  const scripts = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(path.join(coverage, file), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
  assert.ok(scripts.some((url) => url.includes('/dist/bundle/')));
  const unbundled = ['node_modules/node-llama-cpp', 'dist/(?!bundle)'].map(
    (place) => new RegExp(`${root}/${place}`, 'u'),
  );
  const single = scripts.filter((url) => unbundled.some((place) => place.test(url)));
  assert.deepEqual(single, []);
});

test('a model that is under way is the one that the engine gets', { skip: process.platform !== 'linux' }, async () => {
  const file = await modelFile(smollm);
  const headStart = await startLoading(file);
  assert.ok(headStart !== null, 'the binary package is as it was');
  const bindings = headStart.bindings as { AddonModel: new (...args: unknown[]) => object };
  const Take = bindings.AddonModel;
  const handedOver: boolean[] = [];
  bindings.AddonModel = function make(...args: unknown[]) {
    const model = new Take(...args);
    handedOver.push(Object.hasOwn(model, 'init'));
    return model;
  } as unknown as typeof Take;
  const engine = await openEngine({ path: file, threads: 1, headStart });
  assert.deepEqual(handedOver, [true], 'the options that we expect are those that the library asks for');
  assert.equal(engine.detokenize(engine.tokenize('Just so.')), 'Just so.');
  await engine.dispose();
});

test('a model under way is given to its engine alone, and freed where it is not wanted', {
  skip: process.platform !== 'linux',
}, async () => {
  const file = await modelFile(smollm);
  const unwanted = await startLoading(file);
  const headStart = await startLoading(file);
  assert.ok(unwanted !== null && headStart !== null);
  await unwanted.discard();
  const other = await openEngine({ path: file, threads: 1 });
  await other.dispose();
  const engine = await openEngine({ path: file, threads: 1, headStart });
  assert.equal(engine.detokenize(engine.tokenize('Just so.')), 'Just so.');
  await engine.dispose();
});

test('a derived file that no longer matches its record is made again, and the row comes', async () => {
  await modelFile(gemma);
  const cache = path.join(directory, 'cache');
  const args = ['run', 'sentiment', '-m', gemma, '-t', 'fine day', '--no-warm'];
  const first = await runSlm(args, { env: { XDG_CACHE_HOME: cache } });
  assert.equal(first.code, 0, first.stderr);
  const derived = path.join(cache, 'slm', 'derived');
  const [file] = readdirSync(derived).filter((name) => name.endsWith('.gguf'));
  appendFileSync(path.join(derived, file as string), 'x');
  const second = await runSlm(args, { env: { XDG_CACHE_HOME: cache } });
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /this is done once/u);
  assert.match(first.stdout, /fine day/u);
  assert.equal(second.stdout, first.stdout);
});

test('without a cache that takes files a run goes on, and says it once', async () => {
  await modelFile(gemma);
  const args = ['run', 'sentiment', '-m', gemma, '-t', 'fine day', '--no-warm'];
  const usual = await runSlm(args, { env: { XDG_CACHE_HOME: path.join(directory, 'cache') } });
  const folders = ['/dev/null', ...(process.platform === 'linux' ? ['/proc/nope'] : [])];
  for (const folder of folders) {
    const { code, stdout, stderr } = await runSlm(args, { env: { XDG_CACHE_HOME: folder, TMPDIR: directory } });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, usual.stdout);
    assert.equal(stderr.match(/cannot be written/gu)?.length, 1, stderr);
  }
  const left = readdirSync(directory).filter((name) => name.startsWith('slm-'));
  assert.deepEqual(left, [], 'what was made for one run goes with it');
});
