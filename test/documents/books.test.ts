import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import iconv from 'iconv-lite';
import { extractText } from '../../src/documents/extract.js';
import { zipOf } from '../helpers/document-files.js';

interface Chapter {
  /** As the list of the book has it. */
  readonly href: string;
  /** As the archive has it; null where it is missing. */
  readonly file: string | null;
  readonly content?: string | Buffer;
  readonly mediaType?: string;
}

const chapter = (text: string) => `<html><body><p>${text}</p></body></html>`;

function bookOf(chapters: readonly Chapter[], others: Readonly<Record<string, string>> = {}): Buffer {
  const items = chapters.map(({ href, mediaType }, i) => {
    const type = mediaType === undefined ? '' : ` media-type="${mediaType}"`;
    return `<item id="c${i}" href="${href}"${type}/>`;
  });
  return zipOf({
    'META-INF/container.xml': '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
    'OEBPS/book.opf': `<package><manifest>${items.join('')}</manifest><spine>${chapters.map((_, i) => `<itemref idref="c${i}"/>`).join('')}</spine></package>`,
    ...Object.fromEntries(
      chapters.flatMap(({ file, content }, i) =>
        file === null ? [] : [[`OEBPS/${file}`, content ?? chapter(`Text ${i}.`)]],
      ),
    ),
    ...others,
  });
}

async function read(bytes: Buffer): Promise<{ text: string; warnings: string[] }> {
  const warnings: string[] = [];
  const { text } = await extractText({ name: 'a.epub', bytes }, (problem, file) =>
    warnings.push(`${file}: ${problem}`),
  );
  return { text, warnings };
}

describe('a chapter of an EPUB is read', () => {
  for (const [href, file] of [
    ['ch%201%23a.xhtml', 'ch 1#a.xhtml'],
    ['c2.xhtml#x', 'c2.xhtml'],
    ['a%20b.xhtml#x%20y', 'a b.xhtml'],
    ['c3.xht', 'c3.xht'],
    ['c3.htm', 'c3.htm'],
    ['no-suffix', 'no-suffix'],
    ['100%.xhtml', '100%.xhtml'],
    ['100%/a%20b.xhtml', '100%/a b.xhtml'],
    ['raw%20name.xhtml', 'raw%20name.xhtml'],
    ['c#4.xhtml', 'c#4.xhtml'],
    ['../OEBPS/text/./c5.xhtml', 'text/c5.xhtml'],
    ['caf%C3%A9.xhtml', 'café.xhtml'],
  ] as const)
    test(`that the book calls ${href}`, async () => {
      const bytes = bookOf([
        { href: 'first.xhtml', file: 'first.xhtml' },
        { href, file },
        { href: 'last.xhtml', file: 'last.xhtml' },
      ]);
      assert.deepEqual(await read(bytes), { text: 'Text 0.\n\nText 1.\n\nText 2.', warnings: [] });
    });

  test('in its own encoding', async () => {
    const latin = '<?xml version="1.0" encoding="iso-8859-1"?>';
    const bytes = bookOf([
      { href: 'a.xhtml', file: 'a.xhtml', content: iconv.encode(chapter('Zürich.'), 'utf-16le', { addBOM: true }) },
      { href: 'b.xhtml', file: 'b.xhtml', content: iconv.encode(latin + chapter('Café.'), 'latin1') },
    ]);
    assert.deepEqual(await read(bytes), { text: 'Zürich.\n\nCafé.', warnings: [] });
  });

  test('whose empty elements end where they stand', async () => {
    const content = '<html><head><title/></head><body><p>One.</p><script src="x"/><p>Two.</p></body></html>';
    assert.equal((await read(bookOf([{ href: 'a.xhtml', file: 'a.xhtml', content }]))).text, 'One.\n\nTwo.');
  });

  test('also in a book whose fonts are encrypted', async () => {
    const encryption =
      '<encryption><enc:EncryptedData><enc:CipherData><enc:CipherReference URI="OEBPS/font.otf"/></enc:CipherData></enc:EncryptedData></encryption>';
    const bytes = bookOf([{ href: 'a.xhtml', file: 'a.xhtml' }], { 'META-INF/encryption.xml': encryption });
    assert.deepEqual(await read(bytes), { text: 'Text 0.', warnings: [] });
  });

  test('or named in a warning: missing, no text, encrypted', async () => {
    const encryption = '<encryption><EncryptedData><CipherReference URI="OEBPS/d.xhtml"/></EncryptedData></encryption>';
    const bytes = bookOf(
      [
        { href: 'a.xhtml', file: 'a.xhtml' },
        { href: 'b%20c.xhtml', file: null },
        { href: 'c.pdf', file: 'c.pdf', content: '%PDF-1.4' },
        { href: 'd.xhtml', file: 'd.xhtml' },
        { href: 'cover.jpg', file: 'cover.jpg', mediaType: 'image/jpeg' },
      ],
      { 'META-INF/encryption.xml': encryption },
    );
    const { text, warnings } = await read(bytes);
    assert.equal(text, 'Text 0.');
    assert.deepEqual(
      warnings.map((warning) => warning.replace(/a\.epub \(.*\) /u, 'it ')),
      [
        'a.epub: chapter "OEBPS/b c.xhtml" cannot be read: it is missing',
        'a.epub: chapter "OEBPS/c.pdf" cannot be read: it is a PDF, not text',
        'a.epub: chapter "OEBPS/d.xhtml" cannot be read: it is encrypted',
      ],
    );
  });

  test('or the book is refused, where there is no other', async () => {
    await assert.rejects(read(bookOf([{ href: 'a.xhtml', file: null }])), /none of its chapters can be read/u);
    const encryption = '<encryption><EncryptedData><CipherReference URI="OEBPS/a.xhtml"/></EncryptedData></encryption>';
    const locked = bookOf([{ href: 'a.xhtml', file: 'a.xhtml' }], { 'META-INF/encryption.xml': encryption });
    await assert.rejects(read(locked), /it is encrypted/u);
  });
});

describe('a Word document', () => {
  const relations = (target: string) =>
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${target}"/></Relationships>`;
  const types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"></Types>';
  const textOf = async (files: Record<string, string>) =>
    (await extractText({ name: 'a.docx', bytes: zipOf(files) }, assert.fail)).text;

  test('is read wherever it has its text', async () => {
    const body =
      '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Hello</w:t></w:r></w:p></w:body></w:document>';
    for (const name of ['word/document.xml', 'word/document2.xml', 'doc/main.xml'])
      assert.equal(
        await textOf({ '[Content_Types].xml': types, '_rels/.rels': relations(name), [name]: body }),
        'Hello',
      );
  });

  test('is not every Office document', async () => {
    const book = {
      '[Content_Types].xml': types,
      '_rels/.rels': relations('xl/workbook.xml'),
      'xl/workbook.xml': '<workbook/>',
    };
    await assert.rejects(textOf(book), /no Word document/u);
  });
});
