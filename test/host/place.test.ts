import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { hostKey, isTrusted, socketFolder, socketPath } from '../../src/host/place.js';

function placeIn(t: TestContext) {
  const directory = mkdtempSync(path.join(tmpdir(), 'slm-place-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return { runtimeDir: directory, tempDir: directory, user: 'me' };
}

describe('the folder of the sockets', { skip: process.platform === 'win32' }, () => {
  it('is made for the user alone, and is not there before', (t) => {
    const place = placeIn(t);
    assert.equal(socketFolder(place, false), null);
    const folder = socketFolder(place, true) as string;
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(socketFolder(place, false), folder);
    assert.ok(Buffer.byteLength(socketPath(folder, hostKey(['x']), place)) < 100);
  });

  it('stands in the temporary folder, with the number of the user, where there is no other', (t) => {
    const place = { ...placeIn(t), runtimeDir: null };
    assert.equal(path.basename(socketFolder(place, true) as string), `slm-${process.getuid?.()}`);
  });

  it('stands elsewhere where the path of a socket would be too long', (t) => {
    const { tempDir } = placeIn(t);
    const runtimeDir = path.join(tempDir, 'x'.repeat(90));
    mkdirSync(runtimeDir);
    const folder = socketFolder({ runtimeDir, tempDir, user: 'me' }, true) as string;
    assert.equal(folder, path.join(tempDir, `slm-${process.getuid?.()}`));
    assert.deepEqual(readdirSync(runtimeDir), []);
  });

  const dangers: Record<string, (folder: string) => void> = {
    'that others can read': (folder) => {
      mkdirSync(folder);
      chmodSync(folder, 0o755);
    },
    'that is a link': (folder) => {
      mkdirSync(`${folder}-elsewhere`, { mode: 0o700 });
      symlinkSync(`${folder}-elsewhere`, folder);
    },
    'that is a file': (folder) => writeFileSync(folder, '', { mode: 0o600 }),
  };
  for (const [title, make] of Object.entries(dangers)) {
    it(`${title} is not trusted`, (t) => {
      const place = placeIn(t);
      make(path.join(place.runtimeDir, 'slm'));
      assert.equal(socketFolder(place, true), null);
    });
  }

  it('holds nothing but sockets that are trusted', (t) => {
    const { runtimeDir } = placeIn(t);
    const file = path.join(runtimeDir, 'x.sock');
    writeFileSync(file, '', { mode: 0o600 });
    assert.equal(isTrusted(file), false);
  });
});

describe('the key', () => {
  it('is another one for every difference', () => {
    const keys = [['a', null], ['a', 'null'], ['a'], [['a'], null], [null, 'a']].map(hostKey);
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(hostKey(['a', 1]), hostKey(['a', 1]));
  });
});
