import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { extractText } from '../../src/documents/extract.js';

async function read(name: string, bytes: Buffer): Promise<{ text: string; warnings: string[] }> {
  const warnings: string[] = [];
  const { text } = await extractText({ name, bytes }, (problem, file) => warnings.push(`${file}: ${problem}`));
  assert.doesNotMatch(warnings.join(), /--encoding/u);
  return { text, warnings };
}

describe('plain text', () => {
  test('that is not UTF-8 is read as windows-1252, and a warning says so', async () => {
    for (const name of ['a.txt', 'a.md', 'a.rst', 'a']) {
      const { text, warnings } = await read(name, iconv.encode('Café “Zürich”: 3 €\n', 'windows-1252'));
      assert.equal(text, 'Café “Zürich”: 3 €');
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] as string, new RegExp(`^${name}: not UTF-8; read as windows-1252`, 'u'));
    }
  });

  test('also late in the file, and packed', async () => {
    const bytes = iconv.encode(`${'plain\n'.repeat(10_000)}café`, 'windows-1252');
    assert.match((await read('a.txt', bytes)).text, /café$/u);
    assert.match((await read('a.txt', gzipSync(bytes))).text, /café$/u);
  });

  test('in UTF-8 with a few bad bytes stays UTF-8', async () => {
    const { text, warnings } = await read(
      'a.txt',
      Buffer.concat([Buffer.from('Zürich, Köln, Łódź '), Buffer.from([0xff])]),
    );
    assert.equal(text, 'Zürich, Köln, Łódź \ufffd');
    assert.match(warnings.join(), /^a\.txt:1: not valid text here/u);
  });

  test('with a byte order mark, or in UTF-16 beyond doubt, is what it is', async () => {
    const long = 'Zürich is a town. '.repeat(20);
    for (const name of ['utf-8', 'utf-16le', 'utf-16be', 'utf-32le'])
      assert.deepEqual(await read('a.txt', iconv.encode('Zürich', name, { addBOM: true })), {
        text: 'Zürich',
        warnings: [],
      });
    const { text, warnings } = await read('a.txt', iconv.encode(long, 'utf-16le', { addBOM: false }));
    assert.equal(text, long);
    assert.match(warnings.join(), /read as UTF-16LE/u);
  });

  test('with control characters is refused without naming an option that documents do not have', async () => {
    await assert.rejects(read('a.txt', Buffer.from([0xe9, 0, 1, 2, 3, 0xff, 0, 7])), (error: Error) => {
      assert.match(error.message, /not text: it has control characters/u);
      assert.doesNotMatch(error.message, /--encoding/u);
      return true;
    });
  });
});

describe('a page is read in', () => {
  const page = (declaration: string) => `${declaration}<p>“Zürich”</p>`;
  const isRead = async (name: string, bytes: Buffer) =>
    assert.deepEqual(await read(name, bytes), { text: '“Zürich”', warnings: [] });

  for (const label of ['windows-1252', 'cp1252', 'latin1', 'iso-8859-1', 'ISO8859-1', 'ascii', 'x-cp1252'])
    test(`windows-1252 where it declares ${label}`, async () => {
      for (const declaration of [
        `<meta charset="${label}">`,
        `<meta charset=${label}>`,
        `<META http-equiv=Content-Type content="text/html; charset=${label}">`,
        `<?xml version="1.0" encoding="${label}"?>`,
      ])
        await isRead('a.html', iconv.encode(page(declaration), 'windows-1252'));
    });

  test('other encodings of the web', async () => {
    const greet = (label: string, text: string) => Buffer.from(`<meta charset="${label}"><p>${text}</p>`);
    assert.equal((await read('a.html', iconv.encode(`${greet('sjis', '東京')}`, 'shift_jis'))).text, '東京');
    assert.equal((await read('a.html', iconv.encode(`${greet('cp1251', 'Москва')}`, 'windows-1251'))).text, 'Москва');
    const jis = Buffer.concat([
      Buffer.from('<meta charset=iso-2022-jp><p>'),
      Buffer.from('\x1b$B$"\x1b(B</p>', 'latin1'),
    ]);
    assert.equal((await read('a.html', jis)).text, 'あ');
  });

  test('the encoding of its byte order mark, whatever it declares', async () => {
    for (const declared of ['iso-8859-1', 'utf-8', 'shift_jis'])
      for (const name of ['utf-8', 'utf-16le', 'utf-16be'])
        await isRead('a.html', iconv.encode(page(`<meta charset="${declared}">`), name, { addBOM: true }));
  });

  test('UTF-8 where it declares nothing, or an encoding that it cannot be in', async () => {
    for (const declaration of ['', '<meta charset="utf-8">', '<meta charset="utf-16">', '<meta charset="no-such">'])
      await isRead('a.html', Buffer.from(page(declaration)));
  });

  test('windows-1252 where it is not even that, with a warning', async () => {
    for (const declaration of ['', '<meta charset="utf-8">']) {
      const { text, warnings } = await read('a.html', iconv.encode(page(declaration), 'windows-1252'));
      assert.equal(text, '“Zürich”');
      assert.match(warnings.join(), /^a\.html: not UTF-8; read as windows-1252/u);
    }
  });

  test('the encoding of the XML declaration, in XHTML', async () => {
    const markup = page('<?xml version="1.0" encoding="iso-8859-2"?>').replaceAll(/[“”]/gu, '"');
    assert.equal((await read('a.xhtml', iconv.encode(markup, 'iso-8859-2'))).text, '"Zürich"');
  });
});
