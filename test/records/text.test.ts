import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { SlmError } from '../../src/errors.js';
import { type ByteSource, fileSource, type Reader, readerFor, readers, stdinSource } from '../../src/records/index.js';
import type { Row } from '../../src/types.js';

const defaults = { maxRecordBytes: 8 * 1024 ** 2 };

/** A source of the bytes in the given chunks. */
function bytes(...chunks: (string | Uint8Array)[]): ByteSource {
  return {
    file: 'input',
    async *open() {
      for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    },
  };
}

async function read(reader: Reader, source: ByteSource, options: { maxRecordBytes?: number; encoding?: string } = {}) {
  const rows: Row[] = [];
  const warnings: string[] = [];
  let error: unknown = null;
  try {
    const all = reader.read(source, { ...defaults, ...options, onWarning: (message) => warnings.push(message) });
    for await (const row of all) rows.push(row);
  } catch (thrown) {
    error = thrown;
  }
  return { rows, warnings, error };
}

async function texts(reader: Reader, source: ByteSource): Promise<unknown[]> {
  const { rows, error } = await read(reader, source);
  assert.equal(error, null);
  return rows.map((row) => row.fields.text);
}

function hasMessage(error: unknown, message: RegExp, hint?: RegExp): void {
  assert.ok(error instanceof SlmError, String(error));
  assert.equal(error.exitCode, 2);
  assert.match(error.message, message);
  if (hint !== undefined) assert.match(error.hint ?? '', hint);
}

describe('lines', () => {
  it('keeps blank lines, so that the n-th row is the n-th line', async () => {
    const { rows } = await read(readers.lines, bytes('one\n\nthree\n'));
    assert.deepEqual(rows, [
      { fields: { text: 'one' }, origin: { file: 'input', line: 1 } },
      { fields: { text: '' }, origin: { file: 'input', line: 2 } },
      { fields: { text: 'three' }, origin: { file: 'input', line: 3 } },
    ]);
  });

  it('reads a last line without a line end', async () => {
    assert.deepEqual(await texts(readers.lines, bytes('one\ntwo')), ['one', 'two']);
  });

  it('has no rows in an empty file', async () => {
    assert.deepEqual(await texts(readers.lines, bytes()), []);
    assert.deepEqual(await texts(readers.lines, bytes(Buffer.from([0xef, 0xbb, 0xbf]))), []);
    assert.deepEqual(await texts(readers.lines, bytes(gzipSync(''))), []);
  });

  it('ends lines at LF and CRLF and keeps a lone CR and NUL', async () => {
    assert.deepEqual(await texts(readers.lines, bytes('a\r\nb\rc\r\r\nd\0\r')), ['a', 'b\rc\r', 'd\0\r']);
  });

  it('yields a line as soon as it is complete', async () => {
    const seen: unknown[] = [];
    const slow: ByteSource = {
      file: '-',
      async *open() {
        yield Buffer.from('a\n');
        assert.deepEqual(seen, ['a']);
        yield Buffer.from('b\nc');
        assert.deepEqual(seen, ['a', 'b']);
      },
    };
    for await (const row of readers.lines.read(slow, { ...defaults, onWarning: assert.fail }))
      seen.push(row.fields.text);
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });

  it('stops reading when the consumer stops', async () => {
    let closed = false;
    const endless: ByteSource = {
      file: '-',
      async *open() {
        try {
          for (;;) yield Buffer.from('a\n');
        } finally {
          closed = true;
        }
      },
    };
    for await (const _ of readers.lines.read(endless, { ...defaults, onWarning: assert.fail })) break;
    assert.ok(closed);
  });

  it('turns a line that is too long into an error and goes on after it', async () => {
    const { rows } = await read(readers.lines, bytes('12345\n123456\r\n', '1', '23456', '7\nend'), {
      maxRecordBytes: 5,
    });
    assert.deepEqual(
      rows.map((row) => row.error ?? row.fields.text),
      [
        '12345',
        'line 2 is longer than 5 bytes; split it or raise --max-record-size',
        'line 3 is longer than 5 bytes; split it or raise --max-record-size',
        'end',
      ],
    );
  });

  it('reads past a line of 100 MB in bounded memory, also when it is zipped', async () => {
    const block = Buffer.alloc(1024 ** 2, 'x');
    const long: ByteSource = {
      file: 'long.txt',
      async *open() {
        for (let count = 0; count < 100; count++) yield block;
        yield Buffer.from('\nend\n');
      },
    };
    const zipped = gzipSync(Buffer.concat([Buffer.alloc(100 * 1024 ** 2, 'x'), Buffer.from('\nend\n')]));
    for (const source of [long, bytes(zipped)]) {
      let most = 0;
      const before = process.memoryUsage().rss;
      const found: unknown[] = [];
      const timer = setInterval(() => {
        most = Math.max(most, process.memoryUsage().rss - before);
      }, 1);
      for await (const row of readers.lines.read(source, { ...defaults, onWarning: assert.fail })) {
        found.push(row.error ?? row.fields.text);
      }
      most = Math.max(most, process.memoryUsage().rss - before);
      clearInterval(timer);
      assert.deepEqual(found, ['line 1 is longer than 8 MiB; split it or raise --max-record-size', 'end']);
      assert.ok(most < 64 * 1024 ** 2, `grew by ${most} bytes`);
    }
  });
});

describe('text', () => {
  it('is one row a file, with LF between its lines and none at its end', async () => {
    assert.deepEqual(await texts(readers.text, bytes('one\r\n\r\ntwo\n')), ['one\n\ntwo']);
  });

  it('has no row for an empty file', async () => {
    assert.deepEqual(await texts(readers.text, bytes('')), []);
  });

  it('gives an error row for a text that is too long and reads no more of it', async () => {
    let blocks = 0;
    const source: ByteSource = {
      file: 'endless',
      async *open() {
        for (;;) {
          blocks++;
          yield Buffer.from('12345');
        }
      },
    };
    const { rows } = await read(readers.text, source, { maxRecordBytes: 5001 });
    assert.match(rows[0]?.error ?? '', /^the text is longer than 4.9 KiB/);
    assert.equal(blocks, 1001);
  });
});

describe('bytes become text', () => {
  it('drops a UTF-8 mark and decodes UTF-16 with a mark', async () => {
    const utf16 = Buffer.from('\ufeffäö𝄞\r\nb\n', 'utf16le');
    assert.deepEqual(await texts(readers.lines, bytes('\ufeffa\n\ufeffb')), ['a', '\ufeffb']);
    assert.deepEqual(await texts(readers.lines, bytes(utf16)), ['äö𝄞', 'b']);
    assert.deepEqual(await texts(readers.lines, bytes(Buffer.from(utf16).swap16())), ['äö𝄞', 'b']);
  });

  it('recognises UTF-16 and UTF-32 without a mark by their ASCII characters, and says so', async () => {
    const lines = ['Good day, nice to see you', 'Привет мир, как дела', '天気がいい 2024', 'x😀'];
    for (const name of ['utf-16le', 'utf-16be', 'utf-32le', 'utf-32be']) {
      const { rows, warnings } = await read(readers.lines, bytes(iconv.encode(lines.join('\r\n'), name)));
      assert.deepEqual(
        rows.map((row) => row.fields.text),
        lines,
        name,
      );
      assert.match(warnings[0] ?? '', new RegExp(`no byte order mark; it is read as ${name}\\b`, 'i'));
      for (const line of lines.slice(1, 3))
        assert.deepEqual(
          await texts(readers.lines, bytes(iconv.encode(`${line}\n${line}\n`, name))),
          [line, line],
          name,
        );
    }
  });

  it('reads UTF-32 by its mark, which begins as that of UTF-16', async () => {
    for (const name of ['utf-32le', 'utf-32be']) {
      const { rows, warnings } = await read(readers.lines, bytes(iconv.encode('ä😀\nb', name, { addBOM: true })));
      assert.deepEqual(
        rows.map((row) => row.fields.text),
        ['ä😀', 'b'],
      );
      assert.deepEqual(warnings, []);
    }
  });

  it('reads the encoding that is named', async () => {
    const named = async (text: string, encoding: string) =>
      (await read(readers.text, bytes(iconv.encode(text, encoding)), { encoding })).rows[0]?.fields.text;
    assert.equal(await named('Müller, 5 €', 'windows-1252'), 'Müller, 5 €');
    assert.equal(await named('天気', 'Shift_JIS'), '天気');
    assert.equal(await named('天気', 'utf-16be'), '天気');
    const marked = await read(readers.text, bytes(Buffer.from('\ufeffa', 'utf16le')), { encoding: 'UTF-16' });
    assert.equal(marked.rows[0]?.fields.text, 'a');
    const broken = await read(readers.text, bytes(Buffer.from([0x61, 0x0a, 0x81])), { encoding: 'windows-1253' });
    assert.deepEqual(broken.warnings, ['input:2: not valid text here; unreadable bytes are replaced by U+FFFD']);
    hasMessage((await read(readers.text, bytes('a'), { encoding: 'latin-eins' })).error, /no encoding "latin-eins"/);
    hasMessage((await read(readers.text, bytes('a'), { encoding: 'base64' })).error, /no encoding "base64"/);
  });

  it('refuses what is text in no encoding that can be told', async () => {
    const noise = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * index * 7919 + index * 31) % 256));
    hasMessage((await read(readers.lines, bytes(noise))).error, /^input is not text: /, /--encoding/);
    hasMessage((await read(readers.text, bytes(Buffer.from([0, 1, 2, 3, 0xff, 0])))).error, /is not text/);
    assert.deepEqual(await texts(readers.lines, bytes('\x1b[1mbold\x1b[0m and a NUL \0 among much text\n')), [
      '\x1b[1mbold\x1b[0m and a NUL \0 among much text',
    ]);
  });

  it('ends lines at CR where a file has no other line ends', async () => {
    assert.deepEqual(await texts(readers.lines, bytes('one\rtwo\r', '\rthree\r')), ['one', 'two', '', 'three']);
    assert.deepEqual(await texts(readers.text, bytes('one\rtwo\r')), ['one\ntwo']);
    assert.deepEqual(await texts(readers.lines, bytes('10%\r20%\rdone\nnext\n')), ['10%\r20%\rdone', 'next']);
    const { rows } = await read(readers.csv, bytes('text,label\rgood,1\r'));
    assert.deepEqual(rows[0]?.fields, { text: 'good', label: '1' });
  });

  it('replaces what is not UTF-8 and warns once, with the first line concerned', async () => {
    const source = bytes('ok\nok\n', Buffer.from([0x61, 0xe9, 0x0a, 0xff, 0x0a]));
    const { rows, warnings } = await read(readers.lines, source);
    assert.deepEqual(
      rows.map((row) => row.fields.text),
      ['ok', 'ok', 'a\ufffd', '\ufffd'],
    );
    assert.deepEqual(warnings, [
      'input:3: not valid text here; unreadable bytes are replaced by U+FFFD; if it is not UTF-8, name its encoding with --encoding',
    ]);
  });

  it('does not warn of a U+FFFD that the file really contains', async () => {
    const { warnings } = await read(readers.lines, bytes('a\ufffd\n'));
    assert.deepEqual(warnings, []);
  });

  it('warns of a sequence that the end of the file cuts off', async () => {
    const { rows, warnings } = await read(readers.lines, bytes('a\n', Buffer.from('€').subarray(0, 2)));
    assert.equal(rows[1]?.fields.text, '\ufffd');
    assert.match(warnings[0] ?? '', /^input:2:/);
  });

  it('warns of half a pair and of half a unit in UTF-16', async () => {
    const lone = Buffer.from('\ufeffa\n\ud800b', 'utf16le');
    const odd = Buffer.concat([Buffer.from('\ufeffab', 'utf16le'), Buffer.from([0x61])]);
    const first = await read(readers.lines, bytes(lone));
    assert.equal(first.rows[1]?.fields.text, '\ufffdb');
    assert.match(first.warnings[0] ?? '', /^input:2:/);
    const second = await read(readers.lines, bytes(odd));
    assert.equal(second.rows[0]?.fields.text, 'ab\ufffd');
    assert.equal(second.warnings.length, 1);
  });

  it('unpacks gzip whatever the name, also several members and one byte at a time', async () => {
    const zipped = Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]);
    assert.deepEqual(await texts(readers.lines, bytes(zipped)), ['one', 'two']);
    assert.deepEqual(await texts(readers.lines, bytes(...[...zipped].map((byte) => Uint8Array.of(byte)))), [
      'one',
      'two',
    ]);
  });

  it('gives the lines before the place where gzip data is cut off, then says so', async () => {
    // Random digits, since a short deflate block would give nothing before its end.
    const lines = Array.from({ length: 40_000 }, (_, index) => String((index * 7919) % 99_991));
    const zipped = gzipSync(`${lines.join('\n')}\n`);
    const { rows, error } = await read(readers.lines, bytes(zipped.subarray(0, zipped.length / 2)));
    assert.ok(rows.length > 10_000 && rows.length < 40_000, String(rows.length));
    assert.deepEqual(
      rows.map((row) => row.fields.text),
      lines.slice(0, rows.length),
    );
    hasMessage(error, /^"input" is cut off: its gzip data ends too early$/);
  });

  it('says that damaged gzip data is damaged', async () => {
    const zipped = gzipSync('a'.repeat(100));
    // The checksum.
    zipped.fill(0, zipped.length - 8);
    hasMessage((await read(readers.text, bytes(zipped))).error, /damaged gzip data/);
  });

  it('refuses binary formats and says how to convert them', async () => {
    const file = (name: string, content: string): ByteSource => ({
      ...bytes(Buffer.from(content, 'latin1')),
      file: name,
    });
    const pdf = await read(readers.lines, file('report.pdf', '%PDF-1.7\n…'));
    hasMessage(pdf.error, /^report.pdf is a PDF, not text$/, /^Convert it first: pdftotext report.pdf - \| slm run …$/);
    const docx = await read(readers.text, file('a.docx', 'PK\x03\x04…'));
    hasMessage(docx.error, /ZIP archive/, /soffice/);
    const gguf = await read(readers.text, file('m.gguf', 'GGUF\x03\0\0\0…'));
    hasMessage(gguf.error, /model/, /-m/);
    const image = await read(readers.text, file('-', '\x89PNG\r\n\x1a\n'));
    hasMessage(image.error, /^standard input is a PNG image, not text$/);
    const zippedTar = await read(readers.text, bytes(gzipSync(`${'\0'.repeat(257)}ustar\0`)));
    hasMessage(zippedTar.error, /tar archive/);
  });

  it('takes a text that only begins like a binary format', async () => {
    assert.deepEqual(await texts(readers.lines, bytes('GGUF is a format\n')), ['GGUF is a format']);
    assert.deepEqual(await texts(readers.lines, bytes('%P')), ['%P']);
  });

  it('gives the same rows however the bytes are chunked', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.constantFrom('\n', '\r\n', '\r', '\0', '€', '𝄞').map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }).map((array) => Buffer.from(array)),
    );
    const content = fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.concat(pieces));
    const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 10 });
    const wrap = fc.constantFrom(
      (plain: Buffer) => plain,
      (plain: Buffer) => gzipSync(plain),
      (plain: Buffer) => Buffer.concat([Buffer.from([0xff, 0xfe]), plain]),
      (plain: Buffer) => Buffer.concat([Buffer.from([0xfe, 0xff]), plain]),
      (plain: Buffer) => iconv.encode(plain.toString(), 'utf-16le'),
      (plain: Buffer) => iconv.encode(plain.toString(), 'utf-32be'),
    );
    await fc.assert(
      fc.asyncProperty(
        content,
        cuts,
        wrap,
        fc.constantFrom('lines', 'text', 'conll'),
        async (plain, lengths, pack, name) => {
          const whole = pack(plain);
          const chunks: Buffer[] = [];
          let at = 0;
          for (const length of lengths) {
            chunks.push(whole.subarray(at, at + length));
            at += length;
          }
          chunks.push(whole.subarray(at));
          const reader = readers[name];
          // A text that is too long is not read to its end, and what was not read is not warned of.
          const limit = { maxRecordBytes: name === 'text' ? 1000 : 9 };
          assert.deepEqual(await read(reader, bytes(...chunks), limit), await read(reader, bytes(whole), limit));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same rows for CRLF as for LF', async () => {
    const line = fc.string().map((text) => text.replace(/[\r\n]/g, ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.constantFrom('lines', 'text', 'jsonl', 'csv', 'tsv', 'conll'),
        async (all, name) => {
          const reader = readers[name];
          assert.deepEqual(await read(reader, bytes(all.join('\r\n'))), await read(reader, bytes(all.join('\n'))));
        },
      ),
    );
  });
});

describe('sources', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slm-records-'));
  const path = (name: string) => join(folder, name);

  it('read files and standard input', async () => {
    writeFileSync(path('a.txt'), 'a\n');
    assert.deepEqual(await texts(readers.lines, fileSource(path('a.txt'))), ['a']);
    const { rows } = await read(readers.lines, stdinSource(bytes('b\n').open()));
    assert.deepEqual(rows, [{ fields: { text: 'b' }, origin: { file: '-', line: 1 } }]);
    rmSync(path('a.txt'));
  });

  it('name a file that is missing or a folder', async () => {
    hasMessage((await read(readers.text, fileSource(path('none')))).error, /^no file ".*none"$/);
    hasMessage((await read(readers.text, fileSource(folder))).error, /is a folder$/, /\/\*$/);
    rmSync(folder, { recursive: true });
  });
});

describe('readerFor', () => {
  it('goes by name, then by suffix without .gz, then takes plain text', () => {
    assert.equal(readerFor('squad', 'dev.json').name, 'squad');
    assert.equal(readerFor(null, 'a/B.CSV.gz').name, 'csv');
    assert.equal(readerFor(null, 'eng.testa').name, 'conll');
    assert.equal(readerFor(null, 'notes').name, 'text');
    assert.equal(readerFor(null, '-').name, 'text');
  });

  it('suggests a name', () => {
    assert.throws(() => readerFor('jsnl', '-'), /no input format "jsnl". Did you mean "jsonl"\?/);
  });
});

describe('NUL', () => {
  const kept = (text: string, name: 'text' | 'lines' | 'csv' | 'tsv' | 'conll', content: string) =>
    it(`stays in the text of ${name}`, async () => {
      const [found] = await texts(readers[name], bytes(content));
      assert.equal(found, text);
    });
  kept('first\nhello\0world', 'text', 'first\nhello\0world');
  kept('hello\0world', 'lines', 'hello\0world\n');
  kept('hello\0world', 'csv', 'text,label\nhello\0world,positive\n');
  kept('hello\0world', 'tsv', 'text\tlabel\nhello\0world\tpositive\n');
  kept('hello\0world', 'conll', 'hello\0world\tO\n');

  it('stays where JSON has it as an escape; as it is, it is no JSON', async () => {
    const { rows } = await read(readers.jsonl, bytes('{"text":"a\\u0000b"}\n{"text":"a\0b"}\n'));
    assert.equal(rows[0]?.fields.text, 'a\0b');
    assert.match(rows[1]?.error ?? '', /line 2 is not valid JSON/u);
  });

  it('is refused in what is no UTF-8, and where a tenth of the first bytes are control characters', async () => {
    for (const name of ['text', 'lines', 'csv', 'tsv', 'conll', 'jsonl'] as const) {
      const { error } = await read(readers[name], bytes(Buffer.from([0xff, 0x61, 0, 0x80, 0x0a])));
      hasMessage(error, /is not text: it has control characters/u);
      const many = await read(readers[name], bytes('a\0\0\0\0b\n'.repeat(10)));
      hasMessage(many.error, /is not text: it has control characters/u);
    }
  });
});
