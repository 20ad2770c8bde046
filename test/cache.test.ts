import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { bundledCache, fileCache, knowingCache, NotKnown, recordingCache, rememberingCache } from '../src/cache.js';

function folder(t: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'slm-cache-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

describe('fileCache', () => {
  it('gives back what was set, also after a restart', async (t) => {
    const directory = path.join(folder(t), 'made', 'when needed');
    await fileCache(directory).set('a key/with: anything', { bias: [0.5, -1], temperature: 2 });
    assert.deepEqual(await fileCache(directory).get('a key/with: anything'), { bias: [0.5, -1], temperature: 2 });
    assert.equal(await fileCache(directory).get('another key'), null);
  });

  it('keeps the last of several values, in one file and nothing beside it', async (t) => {
    const directory = folder(t);
    const cache = fileCache(directory);
    for (const value of [1, 2, 3]) await cache.set('k', value);
    assert.equal(await cache.get('k'), 3);
    assert.equal(readdirSync(directory).length, 1);
  });

  it('leaves nothing behind where a value cannot be written', async (t) => {
    const directory = folder(t);
    const cache = fileCache(directory);
    await cache.set('k', 1);
    const file = path.join(directory, readdirSync(directory)[0] as string);
    rmSync(file);
    mkdirSync(file);
    await cache.set('k', 2);
    assert.deepEqual(readdirSync(directory), [path.basename(file)]);
  });

  it('misses where the file is damaged, foreign or a folder, and can be set again', async (t) => {
    const directory = folder(t);
    const cache = fileCache(directory);
    await cache.set('k', 1);
    const file = path.join(directory, readdirSync(directory)[0] as string);
    const whole = readFileSync(file, 'utf8');
    for (const text of ['', whole.slice(0, -3), 'null', '[]', '"text"', '{"key":"other","value":1}', '\u0000\uFFFF']) {
      writeFileSync(file, text);
      assert.equal(await cache.get('k'), null, JSON.stringify(text));
    }
    await cache.set('k', 2);
    assert.equal(await cache.get('k'), 2);
    rmSync(file);
    mkdirSync(file);
    assert.equal(await cache.get('k'), null);
    await cache.set('k', 3);
    assert.equal(await cache.get('k'), null);
  });

  it('does not mind a folder that cannot be written or read', async (t) => {
    const blocked = path.join(folder(t), 'file');
    writeFileSync(blocked, '');
    const cache = fileCache(path.join(blocked, 'cache'));
    await cache.set('k', 1);
    assert.equal(await cache.get('k'), null);
  });

  it('holds one of the values when two write at once, never a mixture', async (t) => {
    const directory = folder(t);
    const values = Array.from({ length: 20 }, (_, i) => String(i).repeat(1 + 3000 * (i % 7)));
    await Promise.all(values.map((value) => fileCache(directory).set('k', value)));
    const found = await fileCache(directory).get('k');
    assert.ok(values.includes(found as string), JSON.stringify(found)?.slice(0, 80));
    assert.equal(readdirSync(directory).length, 1);
  });
});

describe('bundledCache', () => {
  it('looks into the file first and into the other cache after that', async (t) => {
    const directory = folder(t);
    const file = path.join(directory, 'calibration.json');
    writeFileSync(file, JSON.stringify({ known: 1 }));
    const own = fileCache(path.join(directory, 'own'));
    const cache = bundledCache(file, own);
    await cache.set('new', 2);
    assert.deepEqual([await cache.get('known'), await cache.get('new'), await cache.get('none')], [1, 2, null]);
    assert.equal(await own.get('new'), 2);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { known: 1 });
  });

  it('is only the other cache where the file is missing or damaged', async (t) => {
    const directory = folder(t);
    const own = fileCache(path.join(directory, 'own'));
    await own.set('k', 1);
    const file = path.join(directory, 'calibration.json');
    for (const text of [null, '{"k": ', 'null', '[]', '7']) {
      if (text !== null) writeFileSync(file, text);
      assert.equal(await bundledCache(file, own).get('k'), 1, String(text));
    }
  });
});

describe('rememberingCache', () => {
  it('gives back what was set where the cache below keeps nothing', async () => {
    const below = recordingCache();
    const cache = rememberingCache(below);
    assert.equal(await cache.get('k'), null);
    await cache.set('k', 3);
    assert.equal(await below.get('k'), null);
    assert.equal(await cache.get('k'), 3);
    assert.deepEqual(below.entries, { k: 3 });
  });
});

describe('knowingCache', () => {
  it('gives what is known, and throws where a value would have to be computed', async (t) => {
    const below = fileCache(folder(t));
    await below.set('k', { bias: [1] });
    assert.deepEqual(await knowingCache(below).get('k'), { bias: [1] });
    await assert.rejects(knowingCache(below).get('other'), NotKnown);
  });
});
