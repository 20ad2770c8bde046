import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type IndexStatus, indexStatus, removeIndexes } from '../../src/app/indexes/indexes.js';
import { documentsNamed } from '../../src/app/opening/documents.js';
import { isKept, openKeptDocuments, storeFile } from '../../src/app/opening/kept-documents.js';
import { storeOf } from '../../src/documents/store/kept-documents.js';
import { runSlm, startSlm } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';

const scratch = mkdtempSync(path.join(tmpdir(), 'slm-indexes-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder with so many documents of a few sentences. */
function folderOf(count: number): string {
  const folder = mkdtempSync(path.join(scratch, 'f'));
  for (let i = 0; i < count; i++) {
    const fruit = ['apple', 'pear', 'plum'][i % 3];
    writeFileSync(path.join(folder, `${i}.md`), `# Box ${i}\n\nThe ${fruit} number ${i} is ripe. It is in the box.\n`);
  }
  return folder;
}

let caches = 0;
const newCache = () => path.join(scratch, `cache${++caches}`);

function around(cache: string, notices: string[] = []) {
  return surroundingsWith({ cwd: scratch, env: { XDG_CACHE_HOME: cache }, notice: (text) => void notices.push(text) });
}

async function statusOf(folder: string, cache: string): Promise<IndexStatus> {
  const { stdout } = await runSlm(['index', 'status', folder, '--json'], { env: { XDG_CACHE_HOME: cache } });
  return (JSON.parse(stdout) as IndexStatus[])[0] as IndexStatus;
}

test('a file of two folders, or named beside its folder, is there once', () => {
  const folder = folderOf(2);
  writeFileSync(path.join(folder, 'x.png'), 'x');
  writeFileSync(path.join(folder, 'notes.log'), 'The plum is ripe.');
  const { files, skipped } = documentsNamed(around(newCache()), [scratch, folder, path.join(folder, 'notes.log')]);
  const inFolder = files.filter((file) => path.dirname(file.path) === folder);
  assert.deepEqual(inFolder.map((file) => path.basename(file.path)).sort(), ['0.md', '1.md', 'notes.log']);
  assert.deepEqual(
    skipped.filter((each) => path.dirname(each.path) === folder).map((each) => path.basename(each.path)),
    ['x.png'],
  );
});

describe('slm index', () => {
  test('builds, tells what has changed, and removes', async () => {
    const folder = folderOf(30);
    writeFileSync(path.join(folder, 'x.png'), 'x');
    writeFileSync(path.join(folder, 'bro\u001bken.pdf'), 'x');
    const env = { XDG_CACHE_HOME: newCache() };
    const built = await runSlm(['index', 'build', folder], { env });
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stderr, /indexing documents: 31 files/u);
    assert.match(built.stderr, /not read \(no format for \.png\): .*x\.png/u);
    assert.match(built.stderr, /not read \(it is damaged[^\n]*ken\.pdf/u);
    assert.ok(!built.stderr.includes('\u001b'));
    assert.match(built.stdout, /30 +[\d.]+ k?B +60 +[\d.]+ kB +1 +current\n/u);
    assert.equal((await runSlm(['index'], { env })).stdout, built.stdout);

    appendFileSync(path.join(folder, '3.md'), 'More.');
    assert.match((await runSlm(['index', 'status', folder], { env })).stdout, /outdated: 1 file has changed/u);
    const relative = await runSlm(['index', 'build', path.basename(folder)], { env, cwd: scratch });
    assert.match(relative.stdout, / 61 .*current/u);
    assert.equal((await runSlm(['index', 'rm', folder], { env })).code, 0);
    assert.equal((await runSlm(['index', 'rm', folder], { env })).code, 2);
    assert.equal((await runSlm(['index', 'status', folder], { env })).code, 1);
    assert.equal((await runSlm(['index', 'rm'], { env })).code, 2);
    assert.deepEqual(readdirSync(path.join(env.XDG_CACHE_HOME, 'slm', 'documents')), []);
  });

  test('goes on where a killed build has been, while another one waits', async () => {
    const folder = folderOf(2500);
    const env = { XDG_CACHE_HOME: newCache() };
    const file = storeFile(around(env.XDG_CACHE_HOME), [folder]);
    const first = startSlm(['index', 'build', folder], { env });
    // The first documents are in the file.
    while ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < 50_000 && first.exitCode === null) await wait(5);
    const killed = once(first, 'exit');
    first.kill('SIGKILL');
    await killed;
    const [one, two] = await Promise.all([0, 1].map(() => runSlm(['index', 'build', folder], { env })));
    assert.equal(one?.code, 0, one?.stderr);
    assert.equal(two?.code, 0, two?.stderr);
    const { state, documents, passages } = await statusOf(folder, env.XDG_CACHE_HOME);
    assert.deepEqual({ state, documents, passages }, { state: 'current', documents: 2500, passages: 5000 });
  });
});

describe('documents', () => {
  test('are kept where they are many, or where somebody has had an index made of them', async () => {
    const cache = newCache();
    const surroundings = around(cache);
    const few = documentsNamed(surroundings, [folderOf(3)]);
    assert.equal(isKept(surroundings, few), false);
    assert.equal((await openKeptDocuments(surroundings, few))?.documents.length, 3);
    assert.equal(isKept(surroundings, few), true);
    const large = folderOf(1);
    writeFileSync(path.join(large, 'large.md'), 'It is long. '.repeat(30_000));
    assert.equal(isKept(surroundings, documentsNamed(surroundings, [large])), true);
    writeFileSync(path.join(scratch, 'one.md'), 'One.');
    assert.equal(isKept(surroundings, documentsNamed(surroundings, ['one.md'])), false);
  });

  test('are indexed anew, with a sentence, where the index is damaged', async () => {
    const cache = newCache();
    const folder = folderOf(40);
    const notices: string[] = [];
    const surroundings = around(cache, notices);
    const set = documentsNamed(surroundings, [folder]);
    await openKeptDocuments(surroundings, set);
    const file = storeFile(surroundings, set.roots);
    for (const damage of ['no database at all'.repeat(1000), Buffer.alloc(statSync(file).size)]) {
      notices.length = 0;
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      writeFileSync(file, damage);
      const kept = await openKeptDocuments(surroundings, set);
      assert.equal(kept?.documents.length, 40);
      assert.equal(storeOf(kept?.documents ?? [])?.index.search('pear', 1).length, 1);
      assert.match(notices.join('\n'), /^rebuilding the index of the documents: [^\n]+$/u);
    }
    assert.equal(indexStatus(surroundings, [folder])[0]?.state, 'current');
    assert.deepEqual(removeIndexes(surroundings, []), [[folder]]);
  });

  test('are indexed for this run alone where the cache takes no files', async () => {
    const notices: string[] = [];
    const surroundings = around('/proc/slm', notices);
    const kept = await openKeptDocuments(surroundings, documentsNamed(surroundings, [folderOf(3)]));
    assert.equal(storeOf(kept?.documents ?? [])?.index.search('pear', 1).length, 1);
    await openKeptDocuments(surroundings, documentsNamed(surroundings, [folderOf(3)]));
    assert.equal(notices.length, 1);
    assert.match(notices[0] as string, /the cache folder \/proc\/slm\/slm cannot be written/u);
  });

  test('are read into memory, with a sentence, where the package is missing', async () => {
    const hook = path.join(scratch, 'without.cjs');
    writeFileSync(
      hook,
      `const Module = require('node:module');
       const resolve = Module._resolveFilename;
       Module._resolveFilename = function (name, ...rest) {
         if (name.startsWith('@libsql/')) throw new Error('Cannot find module ' + name);
         return resolve.call(this, name, ...rest);
       };`,
    );
    const folder = folderOf(1);
    writeFileSync(path.join(folder, 'large.md'), 'It is long. '.repeat(30_000));
    const env = { XDG_CACHE_HOME: newCache(), NODE_OPTIONS: `--require ${hook}` };
    const built = await runSlm(['index', 'build', folder], { env });
    assert.equal(built.code, 1);
    assert.match(built.stderr, /libsql, which keeps the index, is not installed[^\n]*\n +Install slm again/u);
    const notices: string[] = [];
    const asked = await runSlm(['run', 'qa', '--context', folder, '-t', 'Who?', '-m', 'none.gguf', '--no-warm'], {
      env,
    });
    notices.push(asked.stderr);
    assert.match(notices[0] as string, /libsql is not installed for this machine, so documents are read/u);
  });
});
