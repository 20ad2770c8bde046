import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { type Reader, type ReadOptions, readers } from '../../src/records/index.js';
import { rowsIn } from '../helpers/rows.js';

/** Line and fields, or line and error, of each row. */
async function summary(
  reader: Reader,
  content: string,
  options: Partial<ReadOptions> = {},
): Promise<[number | null, unknown][]> {
  return (await rowsIn(reader, content, options)).map(({ origin, fields, error }) => [origin.line, error ?? fields]);
}

describe('jsonl', () => {
  it('reads objects and bare strings and skips blank lines', async () => {
    assert.deepEqual(await summary(readers.jsonl, '{"text": "a", "n": 1}\n\n"b"\n'), [
      [1, { text: 'a', n: 1 }],
      [3, { text: 'b' }],
    ]);
  });

  it('gives an error for a bad line and goes on', async () => {
    const rows = await rowsIn(readers.jsonl, '{"text": \n[1]\n{"text": "c"}\n');
    assert.match(rows[0]?.error ?? '', /^line 1 is not valid JSON: /);
    assert.equal(rows[1]?.error, 'line 2 is not a JSON object or string');
    assert.deepEqual(rows[2]?.fields, { text: 'c' });
  });

  it('gives an error for a line that is too long', async () => {
    const rows = await rowsIn(readers.jsonl, '"123456789"\n"a"\n', { maxRecordBytes: 8 });
    assert.match(rows[0]?.error ?? '', /^line 1 is longer than 8 bytes/);
    assert.deepEqual(rows[1]?.fields, { text: 'a' });
  });
});

describe('json', () => {
  it('reads an array of objects or strings, each with its line', async () => {
    assert.deepEqual(await summary(readers.json, '[\n {"text": "a, [b]",\n  "c": [1, 2]}, "b",\n 3\n]\n'), [
      [2, { text: 'a, [b]', c: [1, 2] }],
      [3, { text: 'b' }],
      [4, 'element 3 of the array is not a JSON object or string'],
    ]);
  });

  it('reads an object of objects in the order of the file, with the keys as ids', async () => {
    assert.deepEqual(await summary(readers.json, '{"20": {"text": "a"},\n"3": {"text": "b"}}'), [
      [1, { id: '20', text: 'a' }],
      [2, { id: '3', text: 'b' }],
    ]);
  });

  it('reads any other object as one record', async () => {
    assert.deepEqual(await summary(readers.json, '{"text": "a", "meta": {}}'), [[1, { text: 'a', meta: {} }]]);
    assert.deepEqual(await summary(readers.json, ''), []);
  });

  it('says where the JSON breaks', async () => {
    await assert.rejects(rowsIn(readers.json, '[\n  {"a": 1},\n  {"b" 2}\n]'), /^SlmError: input:3:8: not valid JSON/);
    await assert.rejects(rowsIn(readers.json, '17'), /expected an array of objects or an object/);
  });

  it('makes what is nested too deep an error of its own, wherever it stands', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    const problem = 'it is nested 5001 levels deep; 500 are the most';
    assert.deepEqual(await summary(readers.json, `{"a": {"d": ${deep.slice(1, -1)}},\n"b": {"text": "x"}}`), [
      [1, `"a": ${problem}`],
      [2, { id: 'b', text: 'x' }],
    ]);
    assert.deepEqual(await summary(readers.json, `{"text": "x", "d": ${deep}}`), [[1, `"d": ${problem}`]]);
    const [first, second] = await rowsIn(readers.jsonl, `{"text": "x", "d": ${deep}}\n{"text": "y"}\n`);
    assert.equal(first?.error, `line 1: ${problem}`);
    assert.deepEqual(second?.fields, { text: 'y' });
  });

  it('refuses values that are missing and what follows the end', async () => {
    for (const broken of ['[1,]', '["a",,"b"]', '{"a": 1,}', '["a"] 1', '["a"}', '{"a": 1', '{"a": {}]'])
      await assert.rejects(rowsIn(readers.json, broken), /not valid JSON/, broken);
  });

  it('recognises SQuAD', async () => {
    const file = {
      data: [{ title: 't', paragraphs: [{ context: 'c', qas: [{ id: '1', question: 'q?', answers: [] }] }] }],
    };
    const [row] = await rowsIn(readers.json, JSON.stringify(file));
    assert.equal(row?.fields.question, 'q?');
  });
});

describe('csv', () => {
  it('reads quoted commas, quotes and line ends, and knows the line of each record', async () => {
    const content = 'text,label\n"a, ""b""\nc\n",x\n\nd,y\n"e",z';
    assert.deepEqual(await summary(readers.csv, content), [
      [2, { text: 'a, "b"\nc\n', label: 'x' }],
      [6, { text: 'd', label: 'y' }],
      [7, { text: 'e', label: 'z' }],
    ]);
  });

  it('gives an error for a row with too many or too few fields and goes on', async () => {
    assert.deepEqual(await summary(readers.csv, 'a,b\n1\n1,2\n1,2,3\n'), [
      [2, 'line 2 has 1 field, the table has 2: a, b'],
      [3, { a: '1', b: '2' }],
      [4, 'line 4 has 3 fields, the table has 2: a, b'],
    ]);
  });

  it('gives an error for a misplaced quote and goes on', async () => {
    const rows = await summary(readers.csv, 'a,b\n5" disk,x\n"y"z,1\n"1","2"\n');
    const message = 'a quote stands where none may; put the field in quotes and double the quotes inside it';
    assert.deepEqual(rows, [
      [2, message],
      [3, message],
      [4, { a: '1', b: '2' }],
    ]);
  });

  it('gives an error for a quote that is never closed', async () => {
    assert.deepEqual(await summary(readers.csv, 'a\n1\n"2\n3\n'), [
      [2, { a: '1' }],
      [3, 'a quote in the record of line 3 is never closed; reading resumes on line 4'],
      [4, { a: '3' }],
    ]);
    const limited = await summary(readers.csv, 'a\n"2\n3\n4\n5\n6\n7\n', { maxRecordBytes: 8 });
    assert.deepEqual(limited.slice(0, 1), [
      [
        2,
        'the record from line 2 on is longer than 8 bytes; split it or raise --max-record-size; reading resumes on line 3',
      ],
    ]);
    assert.deepEqual(
      limited.slice(1),
      [3, 4, 5, 6, 7].map((line) => [line, { a: `${line}` }]),
    );
  });

  it('loses no row to a stray quote, wherever it stands', async () => {
    const count = 60;
    const rowOf = (n: number) => [n + 2, { text: `good, day ${n}`, n: `${n}` }];
    const strays = ['"bad day, 3', 'bad "day, 3', '"bad" day, 3', '"bad ""day, 3', 'bad day, "3'];
    const places = fc.uniqueArray(fc.tuple(fc.nat(count - 1), fc.constantFrom(...strays)), {
      maxLength: 4,
      selector: ([place]) => place,
    });
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom(500, 1 << 20), async (chosen, maxRecordBytes) => {
        const lines = Array.from({ length: count }, (_, n) => `"good, day ${n}",${n}`);
        for (const [place, stray] of chosen) lines[place] = stray;
        const rows = await summary(readers.csv, `text,n\n${lines.join('\n')}\n`, { maxRecordBytes });
        const places = new Set(chosen.map(([place]) => place));
        assert.deepEqual(
          rows.filter(([, found]) => typeof found !== 'string'),
          lines.flatMap((_, n) => (places.has(n) ? [] : [rowOf(n)])),
        );
        assert.deepEqual(
          rows.map(([line]) => line),
          lines.map((_, n) => n + 2),
        );
      }),
    );
  });

  it('takes no longer for many stray quotes than for as many rows', async () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => (n % 2 === 0 ? '"stray,1' : `"good, day ${n}",${n}`));
    const rows = await rowsIn(readers.csv, `text,n\n${lines.join('\n')}\n`);
    assert.equal(rows.length, lines.length);
  });

  it('goes on after a line that is too long inside an open quote', async () => {
    const long = 'x'.repeat(100);
    assert.deepEqual(await summary(readers.csv, `a,b\n"1,2\n3,4\n${long}\n5,6\n`, { maxRecordBytes: 50 }), [
      [2, 'a quote in the record of line 2 is never closed; reading resumes on line 3'],
      [3, { a: '3', b: '4' }],
      [4, 'line 4 is longer than 50 bytes; split it or raise --max-record-size'],
      [5, { a: '5', b: '6' }],
    ]);
  });

  it('closes its source when no more rows are wanted', async () => {
    let closed = false;
    const source = {
      file: 'input',
      async *open() {
        try {
          for (;;) yield Buffer.from('a,b\n1,2\n');
        } finally {
          closed = true;
        }
      },
    };
    for await (const _ of readers.csv.read(source, { maxRecordBytes: 100, onWarning: assert.fail })) break;
    assert.ok(closed);
  });

  it('takes another delimiter, and names for columns without a header', async () => {
    const options = { delimiter: ';', columns: ['text', 'label'] };
    assert.deepEqual(await summary(readers.csv, '"a;b";1\n', options), [[1, { text: 'a;b', label: '1' }]]);
    await assert.rejects(async () => rowsIn(readers.csv, 'a', { delimiter: '"' }), /cannot separate fields/);
  });

  it('is told by its first line what separates the fields, and says so', async () => {
    const told = async (content: string, options: Partial<ReadOptions> = {}) => {
      const warnings: string[] = [];
      const rows = await rowsIn(readers.csv, content, { onWarning: (message) => warnings.push(message), ...options });
      return [...rows.map((row) => row.error ?? row.fields), ...warnings];
    };
    const rows = [{ text: 'a, b', label: '1' }];
    const says = (what: string) =>
      `input: its fields are separated by ${what}, as its first line shows. Name another with --delimiter`;
    assert.deepEqual(await told('text;label\na, b;1\n'), [...rows, says('";"')]);
    assert.deepEqual(await told('text\tlabel\na, b\t1\n'), [...rows, says('tabs')]);
    assert.deepEqual(await told('text|label\na, b|1\n'), [...rows, says('"|"')]);
    assert.deepEqual(await told('text,"x;y;z"\n"a, b",1\n'), [{ text: 'a, b', 'x;y;z': '1' }]);
    assert.deepEqual(await told('text\na; b\n'), [{ text: 'a; b' }]);
    // Without a header, the line has as many fields as there are names.
    const options = { columns: ['text', 'label'] };
    assert.deepEqual(await told('a; b; c,1\n', options), [{ text: 'a; b; c', label: '1' }]);
    assert.deepEqual(await told('a. b;1\n', options), [{ text: 'a. b', label: '1' }, says('";"')]);
    assert.deepEqual(await told('text;label\na;1\n', { delimiter: ',' }), [{ 'text;label': 'a;1' }]);
  });

  it("takes Excel's line sep=; for what it is", async () => {
    assert.deepEqual(await summary(readers.csv, 'sep=;\r\ntext;label\r\na, b;1\r\n'), [
      [3, { text: 'a, b', label: '1' }],
    ]);
    assert.deepEqual(await summary(readers.csv, 'sep=;\na;1\n', { columns: ['text', 'label'] }), [
      [2, { text: 'a', label: '1' }],
    ]);
  });

  it('names columns without a name and refuses two of the same name', async () => {
    assert.deepEqual(await summary(readers.csv, ',text\n0,a\n'), [[2, { column_1: '0', text: 'a' }]]);
    await assert.rejects(rowsIn(readers.csv, 'a,a\n'), /input:1: two columns are called "a"/);
  });

  it('reads a record of a million characters', async () => {
    const long = 'x\n'.repeat(500_000);
    const [row] = await rowsIn(readers.csv, `a,b\n"${long}","1"\n`);
    assert.equal(row?.fields.a, long);
  });

  it('reads back what csv-stringify writes', async () => {
    const cell = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\n', ',', '"\n"', '\r', '')).map(
      // CRLF becomes LF by design.
      (text) => text.replace(/\r\n|\p{Surrogate}|^\ufeff/gu, '').replace(/\r$/, ''),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell, cell)), async (table) => {
        const content = stringify([['a', 'b', 'c'], ...table], { quoted: true });
        const rows = await rowsIn(readers.csv, content);
        assert.deepEqual(
          rows.map(({ fields, error }) => error ?? [fields.a, fields.b, fields.c]),
          table,
        );
      }),
    );
  });
});

for (const [name, delimiter] of [
  ['csv', ','],
  ['csv', '\t'],
  ['csv', ';'],
  ['tsv', '\t'],
] as const) {
  describe(`a line of nothing but delimiters (${JSON.stringify(delimiter)}) in ${name}`, () => {
    const reader = readers[name];
    const options = name === 'csv' ? { delimiter } : {};
    const table = (...rows: string[][]) => rows.map((cells) => `${cells.join(delimiter)}\n`).join('');

    it('is a record with empty fields; a line without any is blank', async () => {
      const content = `${table(['a', 'b'], ['1', '2'], ['', ''], [' ', ''])}\n \n${table(['3', '4'])}`;
      assert.deepEqual(await summary(reader, content, options), [
        [2, { a: '1', b: '2' }],
        [3, { a: '', b: '' }],
        [4, { a: ' ', b: '' }],
        [7, { a: '3', b: '4' }],
      ]);
    });

    it('is no header, and a record where the columns are named', async () => {
      const content = table(['', ''], ['a', 'b'], ['1', '2']);
      assert.deepEqual(await summary(reader, content, options), [[3, { a: '1', b: '2' }]]);
      assert.deepEqual(await summary(reader, table(['', '']), { ...options, columns: ['a', 'b'] }), [
        [1, { a: '', b: '' }],
      ]);
    });
  });
}

describe('tsv', () => {
  it('takes quotes and backslashes as they are', async () => {
    assert.deepEqual(await summary(readers.tsv, 'text\tlabel\n"a\t1\n\\n "b"\t0\n'), [
      [2, { text: '"a', label: '1' }],
      [3, { text: '\\n "b"', label: '0' }],
    ]);
  });

  it('reads a file without a header when the columns are named', async () => {
    assert.deepEqual(await summary(readers.tsv, 'good\t1\nbad\tvery\t0\n', { columns: ['text', 'label'] }), [
      [1, { text: 'good', label: '1' }],
      [2, 'line 2 has 3 fields, the table has 2: text, label'],
    ]);
  });
});
