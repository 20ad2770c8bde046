import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import type { CliContext } from '../../../src/cli/context.js';
import { modelsCommand } from '../../../src/cli/models/command.js';
import { createDownloadProgress, progressText } from '../../../src/cli/terminal/download-progress.js';
import { formatBytes, formatDuration } from '../../../src/quantities.js';
import { emptyStore } from '../../helpers/model-store.js';
import { surroundingsWith } from '../../helpers/surroundings.js';
import { sha256, tinyGguf } from '../../helpers/tiny-gguf.js';

const body = tinyGguf({ metadata: { 'general.architecture': 'llama', 'llama.context_length': 1024 } });

function collector(isTTY = false) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 80 }), text: () => chunks.join('') };
}

/** A program with the catalogue that we ship, an empty store, and one model file whose manifest is the user's own. */
function program(t: TestContext) {
  const { cwd, dataDir, configDir } = emptyStore(t);
  const out = collector();
  const err = collector();
  const context: CliContext = {
    ...surroundingsWith({
      env: {
        XDG_DATA_HOME: path.join(dataDir, '..', 'xdg'),
        XDG_CONFIG_HOME: path.join(configDir, '..', 'xdg'),
        XDG_CACHE_HOME: path.join(cwd, 'cache'),
      },
      cwd,
      now: () => 0,
      notice: (text) => void err.stream.write(`${text}\n`),
    }),
    stdout: out.stream,
    print: (text) => void out.stream.write(text),
    stderr: err.stream,
    canvas: process.stderr,
    color: false,
    quiet: false,
    debug: false,
    stdoutIsTerminal: false,
    stdinIsPiped: false,
    stdinIsTerminal: false,
    columns: 80,
    downloads: () => createDownloadProgress({ stderr: err.stream, quiet: false, now: () => 0 }),
    interrupted: () => false,
    exit: () => undefined,
    onClose: () => undefined,
  };

  const run = async (...args: string[]) => {
    const before = out.text().length;
    await new Command('slm').addCommand(modelsCommand(context)).parseAsync(['models', ...args], { from: 'user' });
    return out.text().slice(before);
  };
  const root = path.join(cwd, 'xdg', 'slm', 'models');
  return { run, err, cwd, root };
}

/** Adds a model of the user's own that comes from a file. */
function addOwn(root: string, cwd: string): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(path.join(cwd, 'weights.gguf'), body);
  writeFileSync(
    path.join(root, 'mine.yaml'),
    `name: mine
title: Mine
family: test
parameters: 1M
quant: F32
format: base
context: 1024
license: {name: MIT, url: "https://example.org"}
sources: ["file:${path.join(cwd, 'weights.gguf')}"]
`,
  );
}

test('list shows the catalogue with the default marked, as a table and as JSON', async (t) => {
  const { run } = program(t);
  const table = await run('list');
  assert.match(table, /^gemma-3-270m \* +253 MB +270M +Q4_K_M +base +32768 +Gemma Terms of Use +yes +no$/m);
  assert.match(table, /^qwen3-0\.6b .* no +no$/m);
  const rows = JSON.parse(await run('list', '--json'));
  assert.equal(rows.find(({ name }: { name: string }) => name === 'gemma-3-270m').default, true);
});

test('one broken manifest of the user hides no other model', async (t) => {
  const { run, err, cwd, root } = program(t);
  addOwn(root, cwd);
  // Where the user's manifests are is where `addOwn` put one.
  const own = path.join(cwd, 'xdg', 'slm', 'models');
  writeFileSync(path.join(own, 'broken.yaml'), 'name: broken\nformat: [');
  writeFileSync(path.join(own, 'empty.yaml'), '');
  for (const args of [['list'], ['list', '--json'], ['search', 'MIT'], ['advise', '--json']]) {
    const before = err.text().length;
    const out = await run(...args);
    assert.match(out, /mine/u, args.join(' '));
    assert.doesNotMatch(out, /broken|empty/u);
    const said = err.text().slice(before);
    assert.match(said, /broken\.yaml:2:\d+: .* The model "broken" is left out\./u, args.join(' '));
    assert.match(said, /empty\.yaml:1:1: .* The model "empty" is left out\./u);
    assert.equal(said.split('is left out').length - 1, 2, 'each is told of once');
  }
  await assert.rejects(run('show', 'broken'), /broken\.yaml:2/u);
});

test('pull, path, show, verify and rm, one after the other', async (t) => {
  const { run, cwd, root } = program(t);
  addOwn(root, cwd);
  const file = path.join(root, 'mine.gguf');
  await assert.rejects(run('path', 'mine'), /mine is not installed/);
  assert.equal(await run('pull', 'mine'), `mine\t${file}\n`);
  assert.equal(await run('path', 'mine'), `${file}\n`);
  assert.match(await run('list'), /^mine +\S+ B|^mine .* yes$/m);
  const details = JSON.parse(await run('show', 'mine', '--json'));
  assert.equal(details.file.architecture, 'llama');
  assert.deepEqual(
    details.memory.map(({ contextTokens }: { contextTokens: number }) => contextTokens),
    [512, 1024],
  );
  assert.equal(await run('verify'), `ok\tmine\t${sha256(body)}\n`);
  const damaged = Buffer.from(body);
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  writeFileSync(file, damaged);
  await assert.rejects(run('verify', 'mine'), {
    exitCode: 3,
    message: /1 of 1 installed models is damaged/,
  });
  await run('rm', 'mine');
  await assert.rejects(run('path', 'mine'), /mine is not installed/);
});

test('show reads a file of the user’s', async (t) => {
  const { run, cwd } = program(t);
  writeFileSync(path.join(cwd, 'any.gguf'), body);
  const sheet = await run('show', './any.gguf');
  assert.match(sheet, /architecture {2}llama/);
  assert.match(sheet, /about 100 MB for 1,024 tokens/);
  await assert.rejects(run('rm', './any.gguf'), { exitCode: 2 });
});

test('show of a model that is not here gives the manifest and how to fetch it', async (t) => {
  const { run } = program(t);
  const sheet = await run('show', 'qwen3-0.6b');
  assert.match(sheet, /not installed/);
  assert.match(sheet, /`slm models pull qwen3-0\.6b` fetches it\./);
});

test('progress without a terminal: the start, every 10 %, the end', () => {
  const { stream, text } = collector();
  let now = 0;
  const reporter = createDownloadProgress({ stderr: stream, quiet: false, now: () => now });
  for (let percent = 0; percent <= 100; percent += 4) {
    now += 1000;
    reporter.onProgress({ name: 'm', source: 'hf:a/b/c', receivedBytes: percent * 1e6, totalBytes: 1e8 });
  }
  reporter.onEnd('m', 1e8);
  const lines = text().trimEnd().split('\n');
  assert.equal(lines[0], 'slm: downloading m (100 MB) from hf:a/b/c');
  assert.equal(lines[1], 'slm: m  12 %  12 MB of 100 MB');
  assert.equal(lines.length, 12);
  assert.equal(lines.at(-1), 'slm: m is installed (100 MB in 25 s)');
});

test('progress on a terminal: one line with rate and time left, removed at the end', () => {
  const { stream, text } = collector(true);
  let now = 0;
  const reporter = createDownloadProgress({ stderr: stream, quiet: false, now: () => now });
  for (let second = 0; second <= 3; second++) {
    now = second * 1000;
    reporter.onProgress({ name: 'm', source: 's', receivedBytes: second * 1e7, totalBytes: 1e8 });
  }
  assert.ok(text().endsWith('\r\u001b[2Kslm: m  30 %  30 MB of 100 MB  10 MB/s  7 s left'), JSON.stringify(text()));
  reporter.onEnd('m', null);
  assert.ok(text().endsWith('\r\u001b[2K'));
  assert.ok(!text().includes('\n'));
});

test('nothing is written with --quiet', () => {
  const { stream, text } = collector(true);
  const reporter = createDownloadProgress({ stderr: stream, quiet: true, now: () => 0 });
  reporter.onProgress({ name: 'm', source: 's', receivedBytes: 1, totalBytes: 2 });
  reporter.onNotice('licence');
  assert.equal(text(), '');
});

test('quantities read as people write them', () => {
  assert.deepEqual([0, 999, 1000, 98_362_432, 253_113_024, 999_600_000, 28_448_468_384].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '98 MB',
    '253 MB',
    '1.0 GB',
    '28 GB',
  ]);
  assert.deepEqual([0.2, 59, 200, 7500].map(formatDuration), ['0 s', '59 s', '3 min 20 s', '2 h 5 min']);
  assert.equal(progressText({ name: 'm', source: 's', receivedBytes: 5, totalBytes: null }, null), 'm  5 B');
});

test('derive says what to ask for, and refuses a model that it does not understand', async (t) => {
  const { run, cwd, root } = program(t);
  addOwn(root, cwd);
  await assert.rejects(run('derive', 'mine'), /Nothing to derive/u);
  await assert.rejects(run('derive', 'mine', '--layers', '1'), /its tensor "blk\.0\.weight" is not known/u);
});

test('one damaged file in the store hides no other model from the advice', async (t) => {
  const { run, err, cwd, root } = program(t);
  addOwn(root, cwd);
  await run('pull', 'mine');
  writeFileSync(path.join(root, 'broken.gguf'), 'no model');
  const { models } = JSON.parse(await run('advise', '--json'));
  const named = (wanted: string) => models.find(({ name }: { name: string }) => name === wanted);
  assert.deepEqual([named('broken').memory, named('broken').fits], [null, null]);
  assert.equal(named('mine').fits, true);
  assert.match(err.text(), /broken\.gguf/u);
});

test('rm removes what an interrupted download has left', async (t) => {
  const { run, root } = program(t);
  mkdirSync(root, { recursive: true });
  const partial = path.join(root, 'qwen3-0.6b.gguf.partial');
  writeFileSync(partial, 'a half');
  await run('rm', 'qwen3-0.6b');
  assert.equal(existsSync(partial), false);
  await assert.rejects(run('rm', 'qwen3-0.6b'), /qwen3-0\.6b is not installed/u);
});

test('rm needs a name, or --derived', async (t) => {
  const { run, err } = program(t);
  await assert.rejects(run('rm', '--derived', 'gemma-3-270m+latin'), { exitCode: 2, message: /removes all derived/u });
  await assert.rejects(run('rm'), /Name the models to remove/u);
  await run('rm', '--derived');
  assert.match(err.text(), /removed 0 derived files/u);
  assert.equal(await run('list', '--derived', '--json'), '[]\n');
});
