import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { extractText } from '../../src/documents/extract.js';
import { findDocuments } from '../../src/documents/find.js';
import { gatherWarnings, skippedLines } from '../../src/documents/notices.js';
import { readDocuments } from '../../src/documents/read.js';
import { docxOf, epubOf, pdfOf, pdfOfObjects, zipOf } from '../helpers/document-files.js';
import { runSlm } from '../helpers/slm.js';

const folder = mkdtempSync(path.join(tmpdir(), 'slm-documents-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const noWarning = (message: string) => assert.fail(message);
const textOf = (name: string, bytes: Buffer | string) =>
  extractText({ name, bytes: Buffer.from(bytes as string) }, noWarning);

const handbook = pdfOf([
  [
    { text: 'Fees', size: 24, y: 780 },
    { text: 'A locker costs three euros a day. It is paid at the ma-', size: 11, y: 740 },
    { text: 'chine beside the door.', size: 11, y: 726 },
    { text: 'Keys that are lost cost forty euros.', size: 11, y: 690 },
  ],
  [
    { text: 'Hours', size: 16, y: 780 },
    { text: 'The hall closes at ten.', size: 11, y: 740 },
  ],
]);

describe('a format gives its text', () => {
  test('PDF: headings by size, paragraphs by distance, cut words joined, offsets of pages', async () => {
    const { text, pages } = await textOf('a.pdf', handbook);
    const first =
      '# Fees\n\nA locker costs three euros a day. It is paid at the machine beside the door.\n\nKeys that are lost cost forty euros.\n\n';
    assert.equal(text, `${first}## Hours\n\nThe hall closes at ten.`);
    assert.deepEqual(pages, [0, first.length]);
  });

  test('DOCX: headings by style', async () => {
    const bytes = docxOf([{ text: 'Fees', style: 'Heading2' }, { text: 'A locker costs 3 € &amp; a coin.' }]);
    assert.equal((await textOf('a.docx', bytes)).text, '## Fees\n\nA locker costs 3 € & a coin.');
  });

  test('EPUB: chapters in the order of the book', async () => {
    const bytes = epubOf(['<h1>One</h1><p>It begins.</p>', '<h1>Two</h1><p>It <em>ends</em>.</p>']);
    assert.equal((await textOf('a.epub', bytes)).text, '# One\n\nIt begins.\n\n# Two\n\nIt ends.');
  });

  test('HTML: what is seen, a table a line a row, no menu and no script', async () => {
    const page = `<html><head><title>x</title><script>var a = 1;</script></head><body><nav><a href="/">Home</a></nav>
      <h2>Fees</h2><p>See <a href="https://example.org">the list</a>:</p>
      <table><caption>From <i>May</i></caption><tr><th>What</th><th>Cost</th></tr><tr><td>Locker</td><td><b>3</b> €</td></tr></table>
      <ul><li>Coins only.</li></ul><p hidden>secret</p></body></html>`;
    assert.equal(
      (await textOf('a.html', page)).text,
      '## Fees\n\nSee the list:\n\nFrom May\n\n| What | Cost |\n| Locker | 3 € |\n\n- Coins only.',
    );
  });

  test('HTML in the encoding that it declares', async () => {
    const page = Buffer.concat([
      Buffer.from('<meta charset="windows-1252"><p>caf'),
      Buffer.from([0xe9]),
      Buffer.from('</p>'),
    ]);
    assert.equal((await textOf('a.htm', page)).text, 'café');
  });

  test('a PDF without its suffix is still one', async () => {
    assert.match((await textOf('-', handbook)).text, /^# Fees/u);
  });
});

describe('what cannot be read says why', () => {
  test('a damaged archive, one that is no Word document, one that lies about its size', async () => {
    await assert.rejects(textOf('a.docx', 'no archive'), /damaged/u);
    await assert.rejects(textOf('a.docx', zipOf({ 'x.txt': 'x' })), /no Word document/u);
    await assert.rejects(textOf('a.epub', zipOf({ 'x.txt': 'x' })), /no EPUB book/u);
    await assert.rejects(textOf('a.epub', zipOf({ 'x.txt': 'x'.repeat(1000) }, 10)), /too many bytes/u);
  });

  test('what unpacks to more than the limit', async () => {
    const bomb = zipOf({ 'x.txt': Buffer.alloc(300 << 20) });
    assert.ok(bomb.length < 1 << 20);
    await assert.rejects(textOf('a.docx', bomb), /unpacks to more than 256 MB/u);
    const packed = deflateSync(Buffer.alloc(300 << 20));
    const stream = Buffer.concat([
      Buffer.from(`<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`),
      packed,
      Buffer.from('\nendstream'),
    ]);
    const catalogue = Buffer.from('<< /Type /Catalog >>');
    await assert.rejects(textOf('a.pdf', pdfOfObjects([catalogue, stream])), /unpacks to more than 256 MB/u);
  });

  test('a PDF of pictures, and a picture', async () => {
    await assert.rejects(textOf('a.pdf', pdfOf([[]])), /no text/u);
    await assert.rejects(textOf('a', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')), /PNG image/u);
  });
});

describe('a folder', () => {
  const shelf = path.join(folder, 'shelf');
  mkdirSync(path.join(shelf, 'deep', 'deeper'), { recursive: true });
  mkdirSync(path.join(shelf, '.git'));
  mkdirSync(path.join(shelf, 'node_modules'));
  for (const name of [
    'a.MD',
    'deep/b.txt',
    'deep/deeper/c.html',
    '.hidden.md',
    '.git/d.md',
    'e.png',
    'f',
    'node_modules/i.md',
  ])
    writeFileSync(path.join(shelf, name), 'The gate is green.');
  writeFileSync(path.join(shelf, 'g.pdf'), 'not one');
  writeFileSync(path.join(shelf, 'h.txt'), '');
  symlinkSync('..', path.join(shelf, 'deep', 'up'));
  symlinkSync('nowhere', path.join(shelf, 'lost.md'));
  symlinkSync('/dev/null', path.join(shelf, 'pipe.md'));
  const short = (file: string) => path.relative(shelf, file);

  test('is read with all folders in it, and says what it left out', () => {
    const { files, skipped } = findDocuments(shelf, '/');
    assert.deepEqual(files.map(short), ['a.MD', 'deep/b.txt', 'deep/deeper/c.html', 'g.pdf', 'h.txt']);
    assert.deepEqual(
      skipped.map(({ path: file, reason }) => `${short(file)}: ${reason}`),
      [
        '.git: hidden',
        '.hidden.md: hidden',
        'e.png: no format for .png',
        'f: no format for files without a suffix',
        'lost.md: a link to nothing',
        'node_modules: packages of a program',
        'pipe.md: no regular file',
      ],
    );
  });

  test('skips what turns out to be unreadable or empty, where a named file ends the run', async () => {
    const files = ['a.MD', 'g.pdf', 'h.txt'].map((shown) => ({ path: path.join(shelf, shown), shown, named: false }));
    const { documents, skipped } = await readDocuments(files, process.stdin, noWarning);
    assert.deepEqual(
      documents.map(({ source, text }) => [source, text]),
      [['a.MD', 'The gate is green.']],
    );
    assert.deepEqual(
      skipped.map(({ path: file }) => file),
      ['g.pdf', 'h.txt'],
    );
    const named = files.map((file) => ({ ...file, named: true }));
    await assert.rejects(
      readDocuments(named.slice(2), process.stdin, noWarning),
      /h\.txt cannot be read: it is empty/u,
    );
  });

  test('names a few files for each reason', () => {
    const many = Array.from({ length: 7 }, (_, i) => ({ path: `${i}.png`, reason: 'hidden' }));
    assert.deepEqual(
      skippedLines(many, (file) => file),
      ['not read (hidden): 0.png, 1.png, 2.png, 3.png, 4.png and 2 more'],
    );
  });

  test('gives a problem that many files have once, with a few of them', () => {
    const warnings = gatherWarnings();
    for (let i = 0; i < 7; i++) warnings.add('not UTF-8', `${i}.txt`);
    warnings.add('not valid text here', 'a.md:3');
    assert.deepEqual(
      warnings.lines((file) => file),
      ['0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more: not UTF-8', 'a.md:3: not valid text here'],
    );
  });

  test('says in one line what is of many unknown kinds', () => {
    const many = ['.ts', '.ts', '.js', '.css', '.png'].map((suffix, i) => ({
      path: `${i}${suffix}`,
      reason: `no format for ${suffix}`,
    }));
    assert.deepEqual(
      skippedLines([...many, { path: '.git', reason: 'hidden' }], (file) => file),
      ['not read (hidden): .git', 'not read (no format for .ts, .js, .css, .png): 5 files'],
    );
  });

  test('a file without an end is not read to its end', async () => {
    const endless = { path: '/dev/zero', shown: 'zero', named: true };
    await assert.rejects(readDocuments([endless], process.stdin, noWarning), /more than 64 MB/u);
  });
});

test('slm run qa --context - without questions of its own is refused, and so is an empty document', async () => {
  const both = await runSlm(['run', 'qa', '--context', '-', '--lines'], { input: 'Who?\n' });
  assert.equal(both.code, 2);
  assert.match(both.stderr, /standard input cannot be both/u);
  const empty = path.join(folder, 'empty.md');
  writeFileSync(empty, ' \n');
  const { code, stderr } = await runSlm(['run', 'qa', '--context', empty, '-t', 'Who?', '--no-warm']);
  assert.equal(code, 2);
  assert.match(stderr, /empty\.md cannot be read: it is empty/u);
});
