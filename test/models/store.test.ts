import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { checkInstalled, removeModel, resolveModel } from '../../src/models/index.js';
import { withLock } from '../../src/models/lock.js';
import { startHub } from '../helpers/hub-stub.js';
import { addManifest, emptyStore, resolveAndRecord } from '../helpers/model-store.js';
import { sha256, tinyGguf } from '../helpers/tiny-gguf.js';

const run = promisify(execFile);
const body = tinyGguf({ weights: 1000 });
const other = tinyGguf({ weights: 1000, seed: 2 });
const hubPath = '/owner/repo/resolve/main/tiny.gguf';
const hubSource = '  - hf:owner/repo/tiny.gguf';

function putModel(dataDir: string, bytes: Buffer, name = 'tiny'): string {
  mkdirSync(path.join(dataDir, 'models'), { recursive: true });
  const file = path.join(dataDir, 'models', `${name}.gguf`);
  writeFileSync(file, bytes);
  return file;
}

test('two processes that start at once download once, and both get the model', async (t) => {
  const hub = await startHub(t, { [hubPath]: { body, delayMs: 3000 } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint, network: { stallMs: 20_000, retries: 0, retryMs: 5 } });
  addManifest(env, 'tiny', hubSource);
  const start = () =>
    run(process.execPath, ['--import', 'tsx', 'test/helpers/resolve-model.ts', 'tiny', JSON.stringify(env)]);
  const [one, two] = await Promise.all([start(), start()]);
  const expected = `${path.join(env.dataDir, 'models', 'tiny.gguf')}\n`;
  assert.deepEqual([one.stdout, two.stdout], [expected, expected]);
  assert.equal(hub.seen.filter(({ server }) => server === 'content').length, 1);
  assert.match(one.stderr + two.stderr, /Another process is downloading tiny; waiting for it\./);
});

test('a download that is interrupted ends with the reason of the signal and can be taken up again', async (t) => {
  const hub = await startHub(t, { [hubPath]: { body, delayMs: 1000 } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint });
  addManifest(env, 'tiny', hubSource);
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('stopped by the user')), 200);
  await assert.rejects(resolveModel('tiny', env, { signal: abort.signal }), /stopped by the user/);
  assert.equal((await resolveAndRecord('tiny', env)).error, null);
});

test('offline, a missing model is an error that says how to fetch it', async (t) => {
  const env = emptyStore(t, { offline: true });
  addManifest(env, 'tiny', hubSource);
  const { error, notices } = await resolveAndRecord('tiny', env);
  assert.match(error?.message ?? '', /tiny is not installed, and nothing is downloaded because of --offline/);
  assert.deepEqual(notices, []);
});

test('the licence notice is shown once', async (t) => {
  const hub = await startHub(t, { [hubPath]: { body } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint });
  addManifest(env, 'tiny', hubSource);
  assert.deepEqual((await resolveAndRecord('tiny', env)).notices, [
    'Test model — Test licence (https://example.org/licence)\nBe kind.',
  ]);
  assert.deepEqual((await resolveAndRecord('tiny', env)).notices, []);
});

test('an unknown name suggests the nearest one', async (t) => {
  const env = emptyStore(t);
  addManifest(env, 'tiny', hubSource);
  assert.match((await resolveAndRecord('tinny', env)).error?.message ?? '', /No model "tinny"\. Did you mean "tiny"\?/);
});

test('a path and a file: address are used where they are', async (t) => {
  const env = emptyStore(t, { offline: true });
  writeFileSync(path.join(env.cwd, 'mine.gguf'), body);
  const expected = { name: 'mine', path: path.join(env.cwd, 'mine.gguf'), sha256: null, manifest: null };
  for (const spec of ['mine.gguf', './mine.gguf', path.join(env.cwd, 'mine.gguf'), 'file:mine.gguf']) {
    assert.deepEqual((await resolveAndRecord(spec, env)).model, expected, spec);
  }
});

test('a file that somebody put into the store is hashed once and then recognised by size and time', async (t) => {
  const env = emptyStore(t, { offline: true });
  addManifest(env, 'tiny', hubSource, `sha256: ${sha256(body)}\n`);
  putModel(env.dataDir, body);
  let hashed = 0;
  const check = () => checkInstalled(env.dataDir, 'tiny', null, { onHash: () => hashed++ });
  assert.equal(await check(), sha256(body));
  assert.equal(await check(), sha256(body));
  assert.equal(hashed, 1);
  utimesSync(path.join(env.dataDir, 'models', 'tiny.gguf'), 1, 1);
  assert.equal(await check(), sha256(body));
  assert.equal(hashed, 2);
});

test('an installed model is ready in under 5 ms', async (t) => {
  const env = emptyStore(t);
  addManifest(env, 'tiny', hubSource, `sha256: ${sha256(body)}\n`);
  putModel(env.dataDir, body);
  await resolveAndRecord('tiny', env);
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    await resolveAndRecord('tiny', env);
    times.push(performance.now() - start);
  }
  assert.ok(Math.min(...times) < 5, `${Math.min(...times)} ms`);
});

test('a file that is not the manifest’s is refused', async (t) => {
  const env = emptyStore(t);
  addManifest(env, 'tiny', hubSource, `sha256: ${sha256(body)}\n`);
  putModel(env.dataDir, other);
  assert.match((await resolveAndRecord('tiny', env)).error?.message ?? '', /is not the right file: its sha256 is/);
});

test('without a digest anywhere the first file counts: another one is refused later, also after rm', async (t) => {
  const files = { [hubPath]: { body } };
  const hub = await startHub(t, files);
  const env = emptyStore(t, { hfEndpoint: hub.endpoint });
  addManifest(env, 'tiny', hubSource);
  assert.equal((await resolveAndRecord('tiny', env)).model?.sha256, sha256(body));
  files[hubPath] = { body: other };
  await removeModel(env.dataDir, 'tiny', { unpin: false });
  assert.match((await resolveAndRecord('tiny', env)).error?.message ?? '', /expected/);
  await removeModel(env.dataDir, 'tiny', { unpin: true });
  assert.equal((await resolveAndRecord('tiny', env)).model?.sha256, sha256(other));
});

test('a changed byte is found although size and time are as they were', async (t) => {
  const env = emptyStore(t);
  const file = putModel(env.dataDir, body);
  utimesSync(file, 1000, 1000);
  await checkInstalled(env.dataDir, 'tiny', null);
  const damaged = Buffer.from(body);
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  writeFileSync(file, damaged);
  utimesSync(file, 1000, 1000);
  await assert.rejects(checkInstalled(env.dataDir, 'tiny', null), /is not the right file/);
  // What a disk has changed by itself leaves no trace but the digest.
  const record = file.replace('.gguf', '.json');
  const known = JSON.parse(readFileSync(record, 'utf8'));
  writeFileSync(record, JSON.stringify({ ...known, ctimeMs: statSync(file).ctimeMs }));
  assert.equal(await checkInstalled(env.dataDir, 'tiny', null), sha256(body));
  await assert.rejects(checkInstalled(env.dataDir, 'tiny', null, { rehash: true }), /is not the right file/);
});

test('a model larger than the disk is refused before anything is written', async (t) => {
  const hub = await startHub(t, { [hubPath]: { body, linkedSize: 1e16 } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint });
  addManifest(env, 'tiny', hubSource);
  const { error } = await resolveAndRecord('tiny', env);
  assert.match(error?.message ?? '', /Not enough disk space in .*: needs 10,000,000,000 MB, [\d,]+ MB are free/);
  assert.equal(hub.seen.filter(({ server }) => server === 'content').length, 0);
});

test('a disk that fills up while writing is named', { skip: !existsSync('/dev/full') }, async (t) => {
  const hub = await startHub(t, { [hubPath]: { body } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint });
  addManifest(env, 'tiny', `${hubSource}\n  - hf:owner/second/tiny.gguf`);
  mkdirSync(path.join(env.dataDir, 'models'), { recursive: true });
  // Writing to this device fails as on a full disk.
  symlinkSync('/dev/full', path.join(env.dataDir, 'models', 'tiny.gguf.partial'));
  const { error, notices } = await resolveAndRecord('tiny', env);
  assert.match(error?.message ?? '', /Not enough disk space in/);
  assert.ok(!notices.some((text) => text.includes('Trying')), 'the next source would not help');
});

test('removing a model leaves nothing but the record of its digest', async (t) => {
  const hub = await startHub(t, { [hubPath]: { body } });
  const env = emptyStore(t, { hfEndpoint: hub.endpoint });
  addManifest(env, 'tiny', hubSource);
  await resolveAndRecord('tiny', env);
  await removeModel(env.dataDir, 'tiny', { unpin: false });
  const folder = path.join(env.dataDir, 'models');
  assert.deepEqual(readdirSync(folder), ['tiny.json']);
  assert.equal(JSON.parse(readFileSync(path.join(folder, 'tiny.json'), 'utf8')).sha256, sha256(body));
  rmSync(folder, { recursive: true });
});

test('removing a model waits for a process that is downloading it', async (t) => {
  const { dataDir } = emptyStore(t);
  const notices: string[] = [];
  const partial = path.join(dataDir, 'models', 'tiny.gguf.partial');
  let removing: Promise<void> | undefined;
  await withLock(path.join(dataDir, 'models', 'tiny.gguf'), undefined, assert.fail, async () => {
    writeFileSync(partial, 'so far');
    const waits = new Promise<void>((resolve) => {
      removing = removeModel(dataDir, 'tiny', {
        unpin: false,
        onNotice(text) {
          notices.push(text);
          resolve();
        },
      });
    });
    await waits;
    assert.ok(existsSync(partial));
  });
  await removing;
  assert.ok(!existsSync(partial));
  assert.deepEqual(notices, ['Another process is downloading tiny; waiting for it.']);
});
