import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type IndexStatus, indexStatus, removeIndexes } from '../../src/app/indexes/indexes.js';
import { documentsFor, documentsNamed } from '../../src/app/opening/documents.js';
import { isKept, openKeptDocuments } from '../../src/app/opening/kept-documents.js';
import { storeFile } from '../../src/app/opening/store-files.js';
import type { Surroundings } from '../../src/app/surroundings.js';
import { openDatabase } from '../../src/documents/store/database.js';
import { storeOf } from '../../src/documents/store/kept-documents.js';
import type { TaskProfile } from '../../src/types.js';
import { docxOf } from '../helpers/document-files.js';
import { exitOf, runSlm, startSlm, until } from '../helpers/slm.js';
import { surroundingsWith } from '../helpers/surroundings.js';
import { unprivileged } from '../helpers/unprivileged.js';

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

describe('slm index build ends with an error where there is no index of the documents', () => {
  test('in a cache that takes no files; one that is there and current is used', async () => {
    const folder = folderOf(30);
    const cache = newCache();
    const env = { XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: '/nowhere' };
    await runSlm(['index', 'build', folder], { env });
    const stores = path.join(cache, 'slm', 'documents');
    for (const each of [scratch, folder, cache, path.join(cache, 'slm')]) chmodSync(each, 0o755);
    chmodSync(stores, 0o555);
    const file = readdirSync(stores).find((name) => name.endsWith('.db')) as string;
    const before = readFileSync(path.join(stores, file));
    const slm = (...args: string[]) => runSlm(['index', ...args], { env, user: unprivileged });
    for (const args of [['build', folder], ['status', folder], []]) {
      const { code, stdout, stderr } = await slm(...args);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, / 30 .* current\n/u);
    }
    // Copied with their index, as into the image of a container, files have other stamps.
    utimesSync(path.join(folder, '1.md'), 1, 1);
    const copied = await slm('build', folder);
    assert.equal(copied.code, 0, copied.stderr);
    assert.match(copied.stdout, / current\n/u);
    appendFileSync(path.join(folder, '1.md'), 'More.');
    const changed = await slm('build', folder);
    assert.equal(changed.code, 1);
    assert.match(changed.stderr, /takes no files, so the index in it cannot be brought up to date/u);
    assert.match((await slm('status', folder)).stdout, / 30 .* outdated: 1 file has changed\n/u);
    const other = await slm('build', scratch);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /takes no files, so no index can be kept/u);
    assert.ok(before.equals(readFileSync(path.join(stores, file))));
    chmodSync(stores, 0o755);
  });

  test('where a named file cannot be read, or no file at all', async () => {
    const folder = folderOf(1);
    const env = { XDG_CACHE_HOME: newCache() };
    const bad = path.join(folder, 'bad.pdf');
    writeFileSync(bad, 'junk');
    const other = mkdtempSync(path.join(scratch, 'f'));
    writeFileSync(path.join(other, 'empty.md'), ' ');
    for (const [named, message] of [
      [[bad], /bad\.pdf cannot be read: it is damaged/u],
      [[folder, bad], /bad\.pdf cannot be read: it is damaged/u],
      [[other], /no document can be read: not read \(it is empty\): .*empty\.md/u],
    ] as const) {
      const { code, stdout, stderr } = await runSlm(['index', 'build', ...named], { env });
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    }
    assert.equal((await runSlm(['index', 'build', folder], { env })).code, 0);
  });

  test('of standard input', async () => {
    const env = { XDG_CACHE_HOME: newCache() };
    for (const command of ['build', 'status', 'rm']) {
      const { code, stderr } = await runSlm(['index', command, '-'], { env, input: 'The pear is ripe.' });
      assert.equal(code, 2);
      assert.match(stderr, /standard input has no index/u);
    }
  });
});

test('the working folder has a name in what slm index says', async () => {
  const env = { XDG_CACHE_HOME: newCache() };
  const cwd = folderOf(2);
  const said = [];
  for (const args of [['build', '.'], [], ['rm', '.']]) {
    const { stdout, stderr } = await runSlm(['index', ...args], { env, cwd });
    said.push(stdout + stderr);
  }
  assert.match(said[0] as string, /^\. +2 /mu);
  assert.equal(said[1], said[0]);
  assert.equal(said[2], 'slm: removed the index of .\n');
});

describe('a signal ends at once', () => {
  const large = Array.from({ length: 150_000 }, (_, i) => `Sentence ${i} says that box ${i * 7} is full.\n\n`).join('');
  /** Two seconds is the promise; machines that test are often busy. */
  const mostMs = 4000;

  const index = (folder: string) => ['index', 'build', folder];
  const ask = (folder: string) => ['ask', 'What is full?', folder, '-m', 'none.gguf'];

  for (const [what, args, name, content] of [
    ['the indexing of one large file', index, 'large.md', () => large],
    ['a question to a large file', ask, 'large.md', () => large],
    // 44 KB that unpack to 15 MB.
    [
      'a question to a small file of much text',
      ask,
      'small.docx',
      () => docxOf(Array(250_000).fill({ text: 'Full.' })),
    ],
  ] as const) {
    test(what, async () => {
      const folder = folderOf(1);
      writeFileSync(path.join(folder, name), content());
      for (const [i, moment] of [700, 1500, 3000].entries()) {
        const child = startSlm(args(folder), { env: { XDG_CACHE_HOME: newCache() } });
        const ended = exitOf(child);
        await wait(moment);
        assert.equal(child.exitCode, null);
        const start = performance.now();
        child.kill(i % 2 === 0 ? 'SIGTERM' : 'SIGINT');
        assert.equal(await ended, i % 2 === 0 ? 143 : 130);
        assert.ok(performance.now() - start < mostMs, `${moment} ms after the start`);
      }
    });
  }
});

test('what a killed command has started ends, too, and the next one need not wait for it', async () => {
  const folder = folderOf(1);
  const env = { XDG_CACHE_HOME: newCache() };
  const sentences = Array.from({ length: 150_000 }, (_, i) => `Sentence ${i} says that box ${i * 7} is full.`);
  writeFileSync(path.join(folder, 'large.md'), sentences.join('\n\n'));
  const child = startSlm(['index', 'build', folder], { env });
  const file = storeFile(around(env.XDG_CACHE_HOME), [folder]);
  // Sentences are being written.
  await until(() => (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 500_000, 'the first sentences');
  // Its streams stay open for as long as one of its processes lives.
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  const start = performance.now();
  await closed;
  assert.ok(performance.now() - start < 4000);
  const database = openDatabase(file);
  assert.deepEqual(database.rows('PRAGMA integrity_check'), [['ok']]);
  database.close();
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
    // The text of some formats is compressed.
    for (const [name, kept] of [
      ['short.docx', false],
      ['long.docx', true],
    ] as const) {
      writeFileSync(path.join(scratch, name), docxOf(Array(kept ? 40_000 : 20).fill({ text: 'It is long.' })));
      assert.equal(isKept(surroundings, documentsNamed(surroundings, [name])), kept);
    }
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

  test('lose an index that was not used for 90 days, with a sentence, once another one is made', async () => {
    const cache = newCache();
    const notices: string[] = [];
    const day = 86_400_000;
    let now = Date.now();
    const surroundings = { ...around(cache, notices), date: () => now };
    const open = async (folder: string) => openKeptDocuments(surroundings, documentsNamed(surroundings, [folder]));
    const state = (folder: string) => indexStatus(surroundings, [folder])[0]?.state;
    const [one, two, three, four] = [1, 2, 3, 4].map(folderOf) as [string, string, string, string];
    for (const folder of [one, two]) await open(folder);
    now += 50 * day;
    await open(two);
    now += 50 * day;
    await open(two);
    assert.deepEqual([state(one), notices], ['current', []]);
    await open(three);
    assert.deepEqual([one, two, three].map(state), ['none', 'current', 'current']);
    assert.deepEqual(notices, ['removed an index of documents that was not used for 90 days']);
    assert.equal(
      readdirSync(path.dirname(storeFile(surroundings, [one]))).filter((name) => /db$/u.test(name)).length,
      2,
    );
    now += 100 * day;
    await open(four);
    assert.equal(notices[1], 'removed 2 indexes of documents that were not used for 90 days');
    assert.deepEqual([two, three, four].map(state), ['none', 'none', 'current']);
  });

  describe('from standard input', () => {
    const much = Array.from({ length: 20_000 }, (_, i) => `Sentence ${i} says that box ${i} is full.`).join('\n\n');
    const piped = (cache: string, text: string, signal = new AbortController().signal) =>
      ({
        ...around(cache),
        signal,
        stdin: (async function* () {
          yield Buffer.from(text);
        })(),
      }) satisfies Surroundings;
    const profile = { name: 'qa', type: 'answer', documents: [], path: '/' } as unknown as TaskProfile;

    test('are indexed in a file of the run where they are much, alone or with others', async () => {
      const folder = folderOf(1);
      writeFileSync(path.join(folder, 'large.md'), much);
      for (const [text, named, isInFile] of [
        ['The pear is ripe.', ['-'], false],
        [much, ['-'], true],
        [`# Boxes\n\n${much}`, ['-', path.join(folder, '0.md')], true],
        ['The pear is ripe.', ['-', folder], true],
      ] as const) {
        const cache = newCache();
        const documents = await documentsFor(piped(cache, text), profile, named);
        assert.equal(storeOf(documents) !== null, isInFile);
        assert.deepEqual(
          documents.filter(({ source }) => source === '-').map((each) => each.text),
          [text],
        );
        assert.equal(existsSync(path.join(cache, 'slm', 'documents')), false);
      }
    });

    test('have to be readable', async () => {
      for (const text of [' ', ' '.repeat(500_000), '%PDF-1.4 no', '\u0000'.repeat(70 << 20)])
        await assert.rejects(
          documentsFor(piped(newCache(), text), profile, ['-']),
          /standard input cannot be read: it /u,
        );
    });

    test('are given up at once', async () => {
      const stop = new AbortController();
      const opened = assert.rejects(documentsFor(piped(newCache(), much.repeat(10), stop.signal), profile, ['-']));
      await wait(2500);
      const start = performance.now();
      stop.abort();
      await opened;
      assert.ok(performance.now() - start < 2000);
    });
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
