import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Recipe } from '../../src/gguf/recipe.js';
import {
  checkDerived,
  derivedFolder,
  derivedModel,
  listDerived,
  removeDerived,
  resolveModel,
} from '../../src/models/index.js';
import { emptyStore } from '../helpers/model-store.js';
import { sha256 } from '../helpers/tiny-gguf.js';
import { spmMetadata, spmTokens, tinyModel } from '../helpers/tiny-model.js';

const file = tinyModel(spmMetadata, { vocabulary: spmTokens.length });
const layers = (n: number): Recipe => ({ layers: n, tokens: 'all', output: null });

function cache(t: TestContext) {
  const env = emptyStore(t);
  const { cwd } = env;
  const source = { path: path.join(cwd, 'tiny.gguf'), sha256: null, name: 'tiny' };
  writeFileSync(source.path, file);
  const cacheDir = path.join(cwd, 'cache');
  const folder = derivedFolder(cacheDir);
  const made: string[] = [];
  const options = { cacheDir, now: () => Date.now(), onMake: (name: string) => void made.push(name) };
  const age = (model: { path: string }, minutes: number) => {
    const then = Date.now() / 1000 - minutes * 60;
    utimesSync(model.path.replace('.gguf', '.json'), then, then);
  };
  return { env, source, options, folder, made, age, files: () => readdirSync(folder).sort() };
}

test('a file is made once, with a record beside it, and found again', async (t) => {
  const { source, options, made, files } = cache(t);
  const first = await derivedModel(source, { layers: 2, tokens: 'latin', output: null }, options);
  const second = await derivedModel(source, { layers: 2, tokens: 'latin', output: null }, options);
  assert.deepEqual([first.name, first.made, second.made, second.path], ['tiny+2l+latin', true, false, first.path]);
  assert.deepEqual(made, ['tiny+2l+latin']);
  const key = path.basename(first.path, '.gguf');
  assert.match(key, /^[0-9a-f]{32}$/u);
  assert.deepEqual(files(), [`${key}.gguf`, `${key}.json`]);
  assert.equal(readFileSync(first.path).length, first.bytes);
});

test('a recipe that changes nothing is the source', async (t) => {
  const { source, options, folder } = cache(t);
  const same = await derivedModel(source, { layers: null, tokens: 'all', output: null }, options);
  assert.deepEqual([same.path, same.name, same.bytes], [source.path, 'tiny', file.length]);
  assert.ok(!existsSync(folder));
});

test('eight that want the same file at once make it once', async (t) => {
  const { source, options, made } = cache(t);
  const all = await Promise.all(Array.from({ length: 8 }, () => derivedModel(source, layers(1), options)));
  assert.equal(new Set(all.map((model) => model.path)).size, 1);
  assert.equal(made.length, 1);
});

test('another source is another file: by its digest, or by its time where it has none', async (t) => {
  const { source, options } = cache(t);
  const unhashed = await derivedModel(source, layers(1), options);
  const hashed = await derivedModel({ ...source, sha256: sha256(file) }, layers(1), options);
  const other = await derivedModel({ ...source, sha256: sha256(Buffer.from('other')) }, layers(1), options);
  utimesSync(source.path, 1, 1);
  const touched = await derivedModel(source, layers(1), options);
  const still = await derivedModel({ ...source, sha256: sha256(file) }, layers(1), options);
  assert.equal(new Set([unhashed, hashed, other, touched].map((model) => model.path)).size, 4);
  assert.equal(still.path, hashed.path);
});

test('what does not pass its check is not there afterwards, and the message says why', async (t) => {
  const { source, options, files } = cache(t);
  const verify = async (candidate: string) => {
    assert.ok(existsSync(candidate));
    throw new Error('it is blue');
  };
  await assert.rejects(
    derivedModel(source, layers(1), { ...options, verify }),
    /tiny\+1l .* did not pass its check: it is blue/u,
  );
  assert.deepEqual(files(), []);
  assert.ok((await derivedModel(source, layers(1), options)).made);
});

test('a process that was stopped so long that another one took its work over leaves that to it', async (t) => {
  const { source, options, folder, files } = cache(t);
  const verify = async (candidate: string) => {
    // As the other one does: the lock is renewed in its name, and the file is being made.
    const [lock = ''] = files().filter((name) => name.endsWith('.lock'));
    utimesSync(path.join(folder, lock), 1, 1);
    writeFileSync(candidate, 'half of the file');
    // The lock is looked at every 7.5 seconds.
    await wait(9000);
  };
  await assert.rejects(derivedModel(source, layers(1), { ...options, verify }), /lock on .* was lost/u);
  const [partial = ''] = files().filter((name) => name.endsWith('.partial.gguf'));
  assert.equal(readFileSync(path.join(folder, partial), 'utf8'), 'half of the file');
});

test('a file that was changed, or whose record is missing or half, is made anew', async (t) => {
  const { source, options, folder } = cache(t);
  const { path: at } = await derivedModel(source, layers(1), options);
  const whole = readFileSync(at);
  const record = at.replace('.gguf', '.json');
  const harms = [
    () => appendFileSync(at, 'x'),
    () => writeFileSync(at, whole.subarray(0, 99)),
    () => writeFileSync(record, readFileSync(record).subarray(0, 20)),
  ];
  for (const harm of harms) {
    harm();
    assert.deepEqual(await listDerived(folder), []);
    assert.ok((await derivedModel(source, layers(1), options)).made);
    assert.deepEqual(readFileSync(at), whole);
  }
});

test('over the limit, what was not used for longest goes first; not the new one, nor what was just used', async (t) => {
  const { source, options, folder, age } = cache(t);
  const [one, two, three] = [
    await derivedModel(source, layers(1), options),
    await derivedModel(source, layers(2), options),
    await derivedModel(source, layers(3), options),
  ];
  age(one, 30);
  age(two, 20);
  age(three, 10);
  await derivedModel(source, layers(1), options);
  // Room for the three that were used last, and the new one.
  const maxBytes = one.bytes + three.bytes + file.length + 500;
  await derivedModel(source, layers(4), { ...options, maxBytes });
  const names = async () => (await listDerived(folder)).map((entry) => entry.name);
  assert.deepEqual(await names(), ['tiny+1l', 'tiny+3l', 'tiny+4l']);
  await derivedModel(source, { layers: 4, tokens: 'latin', output: null }, { ...options, maxBytes: 0 });
  assert.deepEqual(await names(), ['tiny+1l', 'tiny+4l', 'tiny+4l+latin'], 'used in the last minute');
});

test('what a killed process left goes after an hour, and is never used', async (t) => {
  const { source, options, folder, files } = cache(t);
  await derivedModel(source, layers(1), options);
  for (const [name, minutes] of [
    ['a.partial.gguf', 61],
    ['b.partial.gguf', 59],
  ] as const) {
    writeFileSync(path.join(folder, name), file);
    utimesSync(path.join(folder, name), Date.now() / 1000 - minutes * 60, Date.now() / 1000 - minutes * 60);
  }
  await derivedModel(source, layers(2), options);
  assert.ok(!files().includes('a.partial.gguf') && files().includes('b.partial.gguf'));
  assert.equal((await listDerived(folder)).length, 2);
});

test('files are removed by name, or all', async (t) => {
  const { source, options, folder } = cache(t);
  for (const n of [1, 2, 3]) await derivedModel(source, layers(n), options);
  await derivedModel({ ...source, sha256: sha256(file) }, layers(1), options);
  const damaged = await derivedModel(source, layers(4), options);
  appendFileSync(damaged.path, 'x');
  assert.equal(await removeDerived(folder, 'tiny+9l'), 0);
  assert.equal(await removeDerived(folder, 'tiny+4l'), 1);
  assert.ok(!existsSync(damaged.path));
  assert.equal(await removeDerived(folder, 'tiny+1l'), 2);
  assert.equal(await removeDerived(folder, null), 2);
  assert.ok(!existsSync(folder));
});

test('a derived file given by its path has its name and counts as used', async (t) => {
  const { env, source, options, folder, age } = cache(t);
  const model = await derivedModel(source, layers(2), options);
  age(model, 60);
  const { name, path: at } = await resolveModel(model.path, env);
  assert.deepEqual([name, at], ['tiny+2l', model.path]);
  assert.ok(Date.now() - ((await listDerived(folder))[0]?.lastUsed ?? 0) < 60_000);
});

test('an aborted file leaves nothing', async (t) => {
  const { source, options, files } = cache(t);
  const abort = new AbortController();
  const verify = async () => abort.abort();
  await assert.rejects(derivedModel(source, layers(1), { ...options, verify, signal: abort.signal }));
  assert.deepEqual(files(), []);
});

test('a changed byte is found although size and time are as they were, and the file is made again', async (t) => {
  const { source, options, made, folder } = cache(t);
  const { path: derived } = await derivedModel(source, layers(1), options);
  const { atime, mtime } = statSync(derived);
  const bytes = readFileSync(derived);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(derived, bytes);
  utimesSync(derived, atime, mtime);
  assert.deepEqual(
    (await checkDerived(folder)).map(({ name, intact }) => [name, intact]),
    [['tiny+1l', false]],
  );
  assert.equal((await derivedModel(source, layers(1), options)).made, true);
  assert.equal(made.length, 2);
  assert.deepEqual(
    (await checkDerived(folder)).map(({ intact }) => intact),
    [true],
  );
});

test('a file that was only moved there and back, or touched, is not made again', async (t) => {
  const { source, options, made } = cache(t);
  const { path: derived } = await derivedModel(source, layers(1), options);
  renameSync(derived, `${derived}.away`);
  renameSync(`${derived}.away`, derived);
  utimesSync(derived, 5, 5);
  assert.equal((await derivedModel(source, layers(1), options)).made, false);
  assert.equal(made.length, 1);
});
