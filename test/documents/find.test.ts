import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { findDocuments } from '../../src/documents/find.js';
import { withPermissions } from '../helpers/unprivileged.js';

let top = '';
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'slm-find-'));
  chmodSync(top, 0o755);
  writeFileSync(path.join(top, 'a.md'), 'The apple is red.');
});
afterEach(() => {
  for (const folder of ['shut', 'listed']) chmodSync(mkdirIn(folder), 0o755);
  rmSync(top, { recursive: true, force: true });
});

function mkdirIn(name: string): string {
  const folder = path.join(top, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** What is found, relative to the folder, and `name: reason` of what is not. */
function found(entry: string) {
  const { files, skipped } = withPermissions(() => findDocuments(entry, top));
  const short = (file: string) => path.relative(top, file);
  return { files: files.map(short), skipped: skipped.map((each) => `${short(each.path)}: ${each.reason}`) };
}

/** Makes one entry that the system refuses, and gives the reason that is to be said. */
const refused: Readonly<Record<string, () => string>> = {
  'loop.md': () => {
    symlinkSync('loop.md', path.join(top, 'loop.md'));
    return 'a link that leads back to itself';
  },
  'ping.md': () => {
    symlinkSync('pong', path.join(top, 'ping.md'));
    symlinkSync('ping.md', path.join(top, 'pong'));
    return 'a link that leads back to itself';
  },
  shut: () => {
    writeFileSync(path.join(mkdirIn('shut'), 'b.md'), 'The pear is green.');
    chmodSync(path.join(top, 'shut'), 0o000);
    return 'permission denied';
  },
  'listed/b.md': () => {
    writeFileSync(path.join(mkdirIn('listed'), 'b.md'), 'The pear is green.');
    chmodSync(path.join(top, 'listed'), 0o444);
    return 'permission denied';
  },
};

describe('what the system refuses', () => {
  for (const [name, make] of Object.entries(refused)) {
    test(`is left out of a folder, with its reason: ${name}`, () => {
      const reason = make();
      const { files, skipped } = found('.');
      assert.deepEqual(files, ['a.md']);
      assert.ok(skipped.includes(`${name}: ${reason}`), skipped.join('\n'));
    });

    test(`is what is skipped where somebody names it: ${name}`, () => {
      const reason = make();
      assert.deepEqual(found(name), { files: [], skipped: [`${name}: ${reason}`] });
    });
  }

  test('is left out of a pattern, too, with its reason', () => {
    refused['loop.md']?.();
    refused.shut?.();
    assert.deepEqual(found('*.md'), { files: ['a.md'], skipped: ['loop.md: a link that leads back to itself'] });
    assert.deepEqual(found('shut/*.md'), { files: [], skipped: ['shut: permission denied'] });
    assert.deepEqual(found('nowhere/*.md'), { files: [], skipped: [] });
  });
});

test('a link to nothing is said to be one', () => {
  symlinkSync('nothing', path.join(top, 'b.md'));
  assert.deepEqual(found('.'), { files: ['a.md'], skipped: ['b.md: a link to nothing'] });
});

test('a name that is not UTF-8 is said to be that, of a file and of a folder', {
  skip: process.platform !== 'linux',
}, () => {
  const latin1 = (name: string) => Buffer.concat([Buffer.from(`${top}/`), Buffer.from(name, 'latin1')]);
  writeFileSync(latin1('café.md'), 'Pens are blue.');
  mkdirSync(latin1('thé'));
  const reasons = ['caf\uFFFD.md: its name is not UTF-8', 'th\uFFFD: its name is not UTF-8'];
  assert.deepEqual(found('.'), { files: ['a.md'], skipped: reasons });
  assert.deepEqual(found('*.md'), { files: ['a.md'], skipped: reasons.slice(0, 1) });
  // As Node gives an argument of the command line.
  assert.deepEqual(found('caf\uFFFD.md'), { files: [], skipped: reasons.slice(0, 1) });
});

test('hidden files are left out, by a pattern as by a folder', () => {
  writeFileSync(path.join(top, '.env'), 'KEY=secret');
  writeFileSync(path.join(top, '.notes.md'), 'Mine.');
  const hidden = ['.env: hidden', '.notes.md: hidden'];
  assert.deepEqual(found('.'), { files: ['a.md'], skipped: hidden });
  assert.deepEqual(found('*'), { files: ['a.md'], skipped: hidden });
  assert.deepEqual(found('*.md'), { files: ['a.md'], skipped: hidden.slice(1) });
  assert.deepEqual(found('.notes.md'), { files: ['.notes.md'], skipped: [] });
});
