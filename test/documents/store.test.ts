import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { findDocuments } from '../../src/documents/find.js';
import { indexInMemory } from '../../src/documents/memory-index.js';
import type { PassageIndex } from '../../src/documents/passages.js';
import { readDocuments } from '../../src/documents/read.js';
import { openDatabase } from '../../src/documents/store/database.js';
import { storeOf } from '../../src/documents/store/kept-documents.js';
import { documentsIn } from '../../src/documents/store/open.js';
import { ForeignStore, openStore } from '../../src/documents/store/schema.js';
import { differences, hasContentsOf, updateStore } from '../../src/documents/store/update.js';
import { updateInProcess } from '../../src/documents/store/update-process.js';
import { root } from '../helpers/slm.js';

const scratch = mkdtempSync(path.join(tmpdir(), 'slm-store-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;

const isMarkdown = (file: string) => file.endsWith('.md');
const manual = findDocuments('docs', root).files.filter(isMarkdown);
const questions = [
  'How is a job resumed after it was killed?',
  'Which exit code means that some records failed?',
  'Where are the models kept?',
  'What does a cascade pass on to the larger model?',
  'How many threads are used?',
  'Who may read the socket of a warm host?',
  'How is the threshold chosen?',
  'Which formats can documents have?',
  'What is a verbalizer?',
  'How long does tuning take?',
  'What happens to a record that is too long?',
  'Are texts sent to a server?',
];

const origin = { roots: ['/x'], version: '1' };
const named = (files: readonly string[]) => files.map((file) => ({ path: file, shown: file, named: false }));

function newFile(): string {
  return path.join(scratch, `${++made}.db`);
}

function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(path.join(scratch, 'f'));
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  return folder;
}

async function update(file: string, files: readonly string[], date = Date.now() + 60_000) {
  const database = openStore(file, origin, { make: true });
  const changes = differences(database, files);
  const onWarning = (message: string) => assert.fail(message);
  await updateStore(database, changes, { date: () => date, onProgress: () => undefined, onWarning });
  database.close();
  return { read: changes.stale.map((each) => path.basename(each)), gone: changes.gone.length };
}

function open(file: string, files: readonly string[]) {
  return documentsIn(openStore(file, origin, { make: false }), named(files));
}

const indexOf = (documents: ReturnType<typeof open>['documents']) => storeOf(documents)?.index as PassageIndex;

const readInMemory = async (files: readonly string[]) =>
  (await readDocuments(named(files), process.stdin, (message) => assert.fail(message))).documents;

type Scored = ReturnType<PassageIndex['scoredWindows']>[number] & { readonly at: string };

const place = ({ document, start, end }: { document: { id: string }; start: number; end: number }) =>
  `${document.id} ${start} ${end}`;

describe('an index on disk', () => {
  test('finds words whatever their accents, pairs of characters, and everything where that is little', async () => {
    const file = newFile();
    const texts = { 'a.txt': 'Das Büro liegt in der Großen Straße. Es öffnet um neun.', 'b.txt': '茶馆有十二张桌子。' };
    const files = findDocuments(folderWith(texts), root).files;
    await update(file, files);
    const index = indexOf(open(file, files).documents);
    const first = (question: string) => index.search(question, 1)[0]?.passage.text;
    assert.equal(first('BURO'), 'Das Büro liegt in der Großen Straße.');
    assert.equal(first('strasse'), 'Das Büro liegt in der Großen Straße.');
    assert.equal(first('几张桌子'), '茶馆有十二张桌子。');
    const shown = (windows: ReturnType<typeof index.everything>) => windows.map((window) => window.map(place));
    const memory = indexInMemory(await readInMemory(files));
    assert.deepEqual(shown(index.everything(200, 200)), shown(memory.everything(200, 200)));
    assert.deepEqual(index.everything(20, 20), []);
  });

  test('finds what the index in memory finds, in the same windows', async () => {
    const { kept, memory } = await bothOf(manual);
    sameIn(kept, memory, questions, 2);
    assert.deepEqual(kept.search('What is it, and who are they?', 3), []);
    assert.deepEqual(kept.windows('Who invented zymurgy?', 3, 200), []);
  });

  test('finds what the index in memory finds in documents of several languages', async () => {
    const { kept, memory } = await bothOf(findDocuments('tasks/qa/languages', root).files.filter(isMarkdown));
    for (const language of ['de', 'es', 'fr', 'zh']) {
      const lines = readFileSync(path.join(root, `tasks/qa/languages/${language}.jsonl`), 'utf8')
        .trim()
        .split('\n');
      const asked = lines.map((line) => (JSON.parse(line) as { question: string }).question);
      sameIn(
        kept,
        memory,
        asked.filter((question) => memory.search(question, 1).length > 0),
        1,
      );
    }
  });

  async function bothOf(files: readonly string[]) {
    const file = newFile();
    await update(file, files);
    return { kept: indexOf(open(file, files).documents), memory: indexInMemory(await readInMemory(files)) };
  }

  function sameIn(kept: PassageIndex, memory: PassageIndex, asked: readonly string[], windows: number): void {
    for (const question of asked) {
      const [mine, theirs] = [kept, memory].map((index) =>
        index
          .scoredWindows(question, windows + 3, 1600)
          .map((each) => ({ ...each, at: each.passages.map(place).join() })),
      ) as [Scored[], Scored[]];
      assert.equal(mine[0]?.at, theirs[0]?.at, question);
      // Windows that are as good may change places: which sentences of many equal ones count is decided by an estimate.
      for (let i = 1; i < windows; i++) {
        const other = theirs.find(({ at }) => at === mine[i]?.at);
        assert.ok((other?.score ?? 0) >= 0.95 * (theirs[i]?.score ?? 0), question);
      }
      const [own, other] = [kept.search(question, 3), memory.search(question, 3)];
      const same = other.find(({ passage }) => place(passage) === place(own[0]?.passage as never));
      assert.ok((same?.score ?? 0) >= 0.95 * (other[0]?.score ?? 0), question);
      const chosen = other.map(({ passage }) => passage);
      const difference = kept.coverage(question, chosen) - memory.coverage(question, chosen);
      assert.ok(Math.abs(difference) < 1e-12, question);
      // The share of the neighbours is estimated.
      const scores = [own[0]?.score, other[0]?.score] as [number, number];
      assert.ok(Math.abs(scores[0] / scores[1] - 1) < 0.05, `${question} ${scores.join(' ')}`);
    }
  }

  test('has the texts as they are read, with their pages, under the names of the run', async () => {
    const folder = folderWith({
      'a.md': '\uFEFF# Top\r\n\r\nOne 🦊 fox.  Two\u0000 foxes.\n\n\n',
      'b.txt': 'no end',
      'c.md': '# Only a heading\n',
      'with\u0007\n bell.md': 'A name with control characters.',
    });
    const { files } = findDocuments(folder, '/');
    const file = newFile();
    await update(file, files);
    const expected = await readInMemory(files);
    const { documents } = open(file, files);
    assert.deepEqual(
      documents.map(({ id, source, text }) => ({ id, source, text })),
      expected.map(({ id, source, text }) => ({ id, source, text })),
    );
    const [found] = indexOf(documents).search('foxes', 1);
    assert.equal(found?.passage.document.text, expected[0]?.text);
    assert.equal(found?.passage.document.text.slice(found.passage.start, found.passage.end), found?.passage.text);
  });

  test('reads again only what was touched, and forgets what is gone', async () => {
    const folder = folderWith({
      'a.md': 'The apple is red.',
      'b.md': 'The pear is green.',
      'c.md': 'The plum is blue.',
    });
    const files = () => findDocuments(folder, '/').files;
    const file = newFile();
    assert.deepEqual(await update(file, files()), { read: ['a.md', 'b.md', 'c.md'], gone: 0 });
    assert.deepEqual(await update(file, files()), { read: [], gone: 0 });
    writeFileSync(path.join(folder, 'b.md'), 'The pear is yellow now.');
    writeFileSync(path.join(folder, 'd.md'), 'The cherry is black.');
    rmSync(path.join(folder, 'c.md'));
    assert.deepEqual(await update(file, files()), { read: ['b.md', 'd.md'], gone: 1 });
    const index = indexOf(open(file, files()).documents);
    const texts = (question: string) => index.search(question, 5).map(({ passage }) => passage.text);
    assert.deepEqual(texts('plum'), []);
    assert.deepEqual(texts('green'), []);
    assert.deepEqual(texts('pear'), ['The pear is yellow now.']);
    assert.deepEqual(texts('cherry'), ['The cherry is black.']);
    // Words of what is gone count no more: three sentences, one with "apple".
    const memory = indexInMemory(await readInMemory(files()));
    const [apple] = memory.search('apple', 1);
    const asked = 'apple pear plum';
    assert.equal(
      index.coverage(asked, apple === undefined ? [] : [apple.passage]),
      memory.coverage(asked, apple === undefined ? [] : [apple.passage]),
    );
  });

  test('looks again at a file that was written a moment before it was read', async () => {
    const folder = folderWith({ 'a.md': 'The apple is red.' });
    const { files } = findDocuments(folder, '/');
    const file = newFile();
    await update(file, files, Date.now());
    assert.deepEqual(await update(file, files), { read: ['a.md'], gone: 0 });
    assert.deepEqual(await update(file, files), { read: [], gone: 0 });
  });

  test('says why a file is not read, and reads it once it can', async () => {
    const folder = folderWith({
      'a.md': 'The apple is red.',
      'b.pdf': '%PDF-1.4 nothing',
      'c.md': ' \n',
      'd.md': 'x y',
    });
    const { files } = findDocuments(folder, '/');
    const missing = path.join(folder, 'gone.md');
    const file = newFile();
    await update(file, [...files, missing]);
    const { documents, unreadable } = open(file, [...files, missing]);
    assert.deepEqual(
      documents.map(({ source }) => path.basename(source)),
      ['a.md', 'd.md'],
    );
    assert.deepEqual(
      unreadable.map(({ file: each, reason }) => `${path.basename(each.path)}: ${reason.replace(/[:,].*/su, '')}`),
      ['b.pdf: it is damaged', 'c.md: it is empty', 'gone.md: ENOENT'],
    );
    writeFileSync(missing, 'It came back.');
    assert.deepEqual(await update(file, [...files, missing]), { read: ['gone.md'], gone: 0 });
    assert.equal(open(file, [...files, missing]).documents.length, 3);
  });

  test('does not follow a link to a folder above it', () => {
    const folder = folderWith({ 'a.md': 'The apple is red.' });
    symlinkSync(folder, path.join(folder, 'loop'));
    assert.equal(findDocuments(folder, '/').files.length, 1);
  });

  test('keeps what it has seen while another process writes', async () => {
    const folder = folderWith({ 'a.md': 'The apple is red.', 'b.md': 'The pear is green.' });
    const { files } = findDocuments(folder, '/');
    const file = newFile();
    await update(file, files);
    const before = indexOf(open(file, files).documents);
    writeFileSync(path.join(folder, 'a.md'), 'The apple was eaten.');
    await update(file, files);
    assert.equal(before.search('apple', 1)[0]?.passage.document.text, 'The apple is red.');
    assert.equal(indexOf(open(file, files).documents).search('apple', 1)[0]?.passage.text, 'The apple was eaten.');
  });

  test('is written without waiting for processes that read', async () => {
    const folder = folderWith({ 'a.md': 'The apple is red.', 'b.md': 'The pear is green.' });
    const { files } = findDocuments(folder, '/');
    const file = newFile();
    await update(file, files);
    const reader = openStore(file, origin, { make: false });
    const { documents } = documentsIn(reader, named(files));
    writeFileSync(path.join(folder, 'a.md'), 'The apple was eaten.');
    const start = performance.now();
    await update(file, files);
    // Waiting for a lock takes 20 s.
    assert.ok(performance.now() - start < 10_000);
    assert.equal(documents[0]?.text, 'The apple is red.');
    reader.close();
    assert.equal(indexOf(open(file, files).documents).search('apple', 1)[0]?.passage.text, 'The apple was eaten.');
  });

  test('is in one file once it is written', async () => {
    const folder = folderWith({ 'a.md': 'The apple is red.' });
    const { files } = findDocuments(folder, '/');
    const file = newFile();
    for (const text of ['The apple is red.', 'The apple was eaten.']) {
      writeFileSync(path.join(folder, 'a.md'), text);
      await update(file, files);
      assert.equal(statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0, 0);
    }
  });

  test('has the contents of files, whatever their stamps say, until one changes', async () => {
    const folder = folderWith({ 'a.md': 'The apple is red.', 'b.pdf': 'no PDF' });
    const { files } = findDocuments(folder, '/');
    const missing = path.join(folder, 'c.md');
    const file = newFile();
    await update(file, [...files, missing]);
    const database = openStore(file, origin, { make: false });
    utimesSync(path.join(folder, 'a.md'), 1, 1);
    assert.equal(differences(database, [...files, missing]).touched, 1);
    assert.equal(await hasContentsOf(database, [...files, missing]), true);
    assert.equal(await hasContentsOf(database, [...files, path.join(folder, 'd.md')]), false);
    writeFileSync(path.join(folder, 'a.md'), 'The apple is new.');
    assert.equal(await hasContentsOf(database, files), false);
    database.close();
  });

  describe('that is made in a process of its own', () => {
    const sentences = (count: number) =>
      Array.from({ length: count }, (_, i) => `Sentence ${i} says that box ${i * 7} has ${i % 13} plums.\n\n`).join('');
    const update = (file: string, paths: readonly string[], signal = new AbortController().signal) =>
      updateInProcess(
        { file, origin, paths, date: Date.now() + 60_000 },
        { signal, onProgress: () => undefined, onWarning: (message) => assert.fail(message) },
      );

    test('is sound after it was ended at any moment, and is then brought up to date', async () => {
      const folder = folderWith({ 'large.md': sentences(20_000), 'a.md': 'The apple is red.' });
      const { files } = findDocuments(folder, '/');
      const file = newFile();
      let ended = 0;
      for (let ms = 100; ended === 0 || ms < 2000; ms += 300) {
        writeFileSync(path.join(folder, 'a.md'), `The apple is red. It has ${ms} seeds.`);
        const stop = new AbortController();
        const updated = update(file, files, stop.signal).catch((error: unknown) => {
          assert.equal(error, stop.signal.reason);
          ended++;
        });
        await wait(ms);
        stop.abort();
        await updated;
        const database = openDatabase(file);
        assert.deepEqual(database.rows('PRAGMA integrity_check'), [['ok']]);
        database.close();
      }
      assert.equal(await update(file, files), null);
      const { documents } = open(file, files);
      assert.deepEqual(
        documents.map(({ text }) => text),
        (await readInMemory(files)).map(({ text }) => text),
      );
      assert.equal(indexOf(documents).search('Which box has seeds?', 1)[0]?.passage.document.source, files[0]);
    });

    test('is ended at once while one large file is indexed', async () => {
      const { files } = findDocuments(folderWith({ 'large.md': sentences(200_000) }), '/');
      for (const ms of [500, 1500, 4000]) {
        const stop = new AbortController();
        const updated = assert.rejects(update(newFile(), files, stop.signal));
        await wait(ms);
        const start = performance.now();
        stop.abort();
        await updated;
        assert.ok(performance.now() - start < 2000, `${ms} ms after the start`);
      }
    });

    test('says what it cannot use, and what failed', async () => {
      const noise = newFile();
      writeFileSync(noise, 'no database at all '.repeat(1000));
      assert.match((await update(noise, [])) ?? '', /not a database/u);
      await assert.rejects(update(path.join(scratch, 'nowhere', 'x.db'), []), /unable to open/iu);
    });
  });

  test('belongs to all of its documents only', async () => {
    const file = newFile();
    await update(file, manual);
    const { documents } = open(file, manual);
    assert.notEqual(storeOf(documents), null);
    assert.equal(storeOf(documents.slice(1)), null);
    assert.equal(storeOf([...documents].reverse()), null);
    assert.equal(storeOf([]), null);
  });

  test('is refused where it is another program’s, of another version, or no database', () => {
    const foreign = newFile();
    const database = openDatabase(foreign);
    database.run('CREATE TABLE contacts (name TEXT)');
    database.close();
    assert.throws(() => openStore(foreign, origin, { make: true }), ForeignStore);
    const own = newFile();
    openStore(own, origin, { make: true }).close();
    assert.throws(() => openStore(own, { ...origin, version: '2' }, { make: true }), /version 1 of slm made it/u);
    assert.throws(() => openStore(own, { ...origin, roots: ['/y'] }, { make: true }), /belongs to other documents/u);
    const noise = newFile();
    writeFileSync(noise, readFileSync(import.meta.filename));
    chmodSync(noise, 0o600);
    assert.throws(() => openStore(noise, origin, { make: true }), /not a database/u);
  });
});
