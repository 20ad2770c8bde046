import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { chooseInputs, type InputFlags, isSingle, readRecords } from '../../src/app/run/inputs.js';
import { recogniseInputs } from '../../src/app/run/recognise-inputs.js';
import { isBadRow } from '../../src/record.js';
import { recognise } from '../../src/records/index.js';
import { startOf } from '../../src/records/start.js';
import { surroundingsWith } from '../helpers/surroundings.js';

const kind = (text: string, isWhole = true, fields = ['text', 'question']) => recognise({ text, isWhole }, fields);

describe('a text of unknown format', () => {
  it('is JSON Lines where its first line is an object', () => {
    assert.equal(kind('{"text": "a"}\n{"text": "b"}\n'), 'jsonl');
    assert.equal(kind('\n{"text": "a"}'), 'jsonl');
    assert.equal(kind('{"text": "a"}\n{"text": "b', false), 'jsonl');
    assert.equal(kind('{"text": a}\n{"text": "b"}\n'), 'jsonl', 'a broken line before others');
    assert.equal(kind('{"text": "no end in sight', false), 'jsonl');
  });

  it('is known as JSON Lines by its first line, before a pipe has more', async () => {
    for (const line of ['{"text": "a"}\n', '{ "text": "a" }\n', '\n{\t"text": "a"}\n']) {
      let more: () => void = () => undefined;
      const waiting = new Promise<void>((resolve) => {
        more = resolve;
      });
      const open = async function* () {
        yield Buffer.from(line);
        await waiting;
      };
      const { beginning } = await startOf({ file: '-', open }, undefined);
      assert.equal(recognise(beginning, ['text']), 'jsonl', line);
      more();
    }
  });

  it('is JSON where it is an array, or an object over several lines', () => {
    assert.equal(kind('[{"text": "a"}]'), 'json');
    assert.equal(kind('[\n  "a",\n  "b"\n]'), 'json');
    assert.equal(kind('[{"text": "a"}, {"te', false), 'json');
    assert.equal(kind('{\n  "text": "a"\n}'), 'json');
    assert.equal(kind('{"a": {"text": "x"}, "b": {"text": "y"}}'), 'json');
    assert.equal(kind('{"version": "v2.0", "data": [{"paragraphs": []}]}\n'), 'json');
  });

  it('is a table where its first line names the field, or enough rows have its fields', () => {
    assert.equal(kind('text,label\ngood,1\n'), 'csv');
    assert.equal(kind('id;text\n1;"a; b"\n'), 'csv');
    assert.equal(kind('text\tlabel\ngood\t1\n'), 'tsv');
    assert.equal(kind('review,stars\na,1\nb,2\n"c, d",3\n'), 'csv');
    assert.equal(kind('Review,Stars\na,1\n', true, ['review']), 'csv');
    assert.equal(kind('id,text\n1,"over\ntwo lines"\n'), 'csv');
    assert.equal(kind('sep=;\n"Schöner Titel";n\n"a b";1\n'), 'csv', 'as Excel writes it');
    assert.equal(kind('so good\t1\nso bad\t0\nmeh\t0\nfine\t1\n'), 'table');
  });

  it('is a text otherwise', () => {
    for (const text of [
      '',
      'Dear Ann,\nI am well,\nand you,\nyour Bob,\n',
      'Roses are red, violets are blue\nsugar is sweet, and so are you\nOne more, for luck\nAnd last, the end\n',
      '[1] A. Author, "A title", 2024.\n',
      '["Stop" as he said]',
      '[ ] buy milk\n[x] sleep\n',
      '{name}, welcome!',
      '{{ text }}\n',
      '"Stop!" she said.\n"No."\n',
      'Ann\tBob\nand a line of text\n',
      'Milk, eggs, bread\nHam, cheese, wine\n',
    ])
      assert.equal(kind(text), null, JSON.stringify(text));
  });
});

describe('inputs of unknown format', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-recognise-'));
  after(() => rmSync(folder, { recursive: true }));

  async function read(content: string | Buffer, flags: Partial<InputFlags> = {}, files: string[] = []) {
    const notices: string[] = [];
    async function* stdin() {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    }
    const context = surroundingsWith({ stdin: stdin(), cwd: folder, notice: (text) => notices.push(text) });
    const all = { maxRecordSize: 8 << 20, ...flags };
    const inputs = await recogniseInputs(context, chooseInputs(context, files, all), all);
    const texts: string[] = [];
    for await (const record of readRecords(context, inputs, { input: 'text' }, all))
      texts.push(isBadRow(record) ? record.error : record.text);
    return { texts, notices, isSingle: isSingle(inputs, all) };
  }

  const jsonLines = '{"text": "a"}\n{"text": "b"}\n';
  const notice =
    'standard input looks like JSON Lines and is read as such; use --input-format for another format, such as text';

  it('are read as what they are, which is said', async () => {
    assert.deepEqual(await read(jsonLines), { texts: ['a', 'b'], notices: [notice], isSingle: false });
    assert.deepEqual((await read(gzipSync(jsonLines))).texts, ['a', 'b']);
    assert.deepEqual((await read(Buffer.from(`\ufeff${jsonLines}`, 'utf16le'))).texts, ['a', 'b']);
    assert.deepEqual((await read('[{"text": "a"},\n{"text": "b"}]')).texts, ['a', 'b']);
    assert.deepEqual((await read('text;label\na;1\n')).texts, ['a']);
    assert.deepEqual(await read('Just a text.\n'), { texts: ['Just a text.'], notices: [], isSingle: true });
  });

  it('are read as the user says', async () => {
    assert.deepEqual(await read(jsonLines, { inputFormat: 'text' }), {
      texts: [jsonLines.trimEnd()],
      notices: [],
      isSingle: true,
    });
    assert.equal((await read(jsonLines, { lines: true })).texts.length, 2);
  });

  it('are refused where they are a table without a header', async () => {
    const rows = 'so good\t1\nso bad\t0\nmeh\t0\nfine\t1\n';
    await assert.rejects(read(rows), /standard input looks like a table without a header/);
    assert.deepEqual((await read(rows, { inputFormat: 'tsv', columns: ['text', 'label'] })).texts[3], 'fine');
  });

  it('may be files, which are texts where their suffix says so', async () => {
    const place = (name: string) => path.join(folder, name);
    writeFileSync(place('data'), jsonLines);
    writeFileSync(place('data.txt'), jsonLines);
    assert.deepEqual((await read('', {}, [place('data')])).texts, ['a', 'b']);
    const text = await read('', {}, [place('data.txt')]);
    assert.equal(text.texts.length, 1);
    assert.match(
      text.notices[0] ?? '',
      /data.txt looks like JSON Lines, but its suffix means one text.*--input-format jsonl/,
    );
  });

  it('take flags for tables where they are tables', async () => {
    await assert.rejects(read('Just a text.\n', { columns: ['text'] }), /--columns is for csv, tsv, conll/);
    assert.deepEqual((await read('text;label\na;1\n', { delimiter: ';' })).texts, ['a']);
  });
});
