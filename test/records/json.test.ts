import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stringifyJson } from '../../src/json.js';
import { type ByteSource, readers } from '../../src/records/index.js';
import type { Row } from '../../src/types.js';

async function read(text: string, options: { chunk?: number; maxRecordBytes?: number } = {}): Promise<Row[]> {
  const bytes = Buffer.from(text);
  const size = options.chunk ?? bytes.length;
  const source: ByteSource = {
    file: 'a.json',
    async *open() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
  const rows: Row[] = [];
  const reading = readers.json.read(source, {
    maxRecordBytes: options.maxRecordBytes ?? 1 << 20,
    onWarning: assert.fail,
  });
  for await (const row of reading) rows.push(row);
  return rows;
}

describe('a JSON array', () => {
  it('gives its elements with their lines, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), more: fc.jsonValue({ maxDepth: 3 }) })),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(undefined, 2),
        async (items, chunk, indent) => {
          const text = JSON.stringify(items, null, indent);
          const rows = await read(text, { chunk });
          assert.deepEqual(
            rows.map((row) => stringifyJson(row.fields)),
            items.map((item) => JSON.stringify(item)),
          );
          for (const { origin } of rows)
            assert.equal(text.split('\n')[(origin.line as number) - 1]?.trim()[0], indent ? '{' : '[');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('goes on after an element that is nested too deep, too long, or no object', async () => {
    const deep = `{"text":"x","d":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    const rows = await read(`[${deep},{"text":"b"},7,{"text":"${'c'.repeat(2000)}"},"d"]`, { maxRecordBytes: 12_000 });
    assert.match(rows[0]?.error ?? '', /element 1 of the array: it is nested 5001 levels deep; 500 are the most/);
    assert.deepEqual(rows[1]?.fields, { text: 'b' });
    assert.match(rows[2]?.error ?? '', /element 3 of the array is not a JSON object or string/);
    assert.equal(rows[4]?.fields.text, 'd');
    const short = await read(`[{"text":"${'c'.repeat(2000)}"},"d"]`, { maxRecordBytes: 1000 });
    assert.match(short[0]?.error ?? '', /element 1 of the array/);
    assert.deepEqual(short[1]?.fields, { text: 'd' });
  });

  for (const [text, place] of [
    ['[{"a":1},\n {"a":}]', /^a\.json:2:[78]: not valid JSON/],
    ['[{"a":1} {"a":2}]', /^a\.json:1:10: not valid JSON/],
    ['[1,,2]', /^a\.json:1:4: not valid JSON: a value is missing/],
    ['[1,\n2', /^a\.json:\d+:\d+: not valid JSON: it ends before its \]/],
    ['[1]\n[2]', /^a\.json:2:1: not valid JSON: something follows its end/],
    ['[1 }', /^a\.json:1:4: not valid JSON: expected \]/],
  ] as const) {
    it(`says where ${JSON.stringify(text)} breaks`, () => assert.rejects(() => read(text), { message: place }));
  }

  it('may be empty', async () => {
    assert.deepEqual(await read('[]'), []);
    assert.deepEqual(await read(' [\n] \n'), []);
    assert.deepEqual(await read(''), []);
  });

  it('is not held in memory', async () => {
    const one = `${JSON.stringify({ text: 'x'.repeat(1000) })},\n`;
    const source: ByteSource = {
      file: 'a.json',
      async *open() {
        yield Buffer.from('[');
        for (let i = 0; i < 2000; i++) yield Buffer.from(one.repeat(100));
        yield Buffer.from('{"text":"last"}]');
      },
    };
    let rows = 0;
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    for await (const _ of readers.json.read(source, { maxRecordBytes: 1 << 20, onWarning: assert.fail })) {
      if (++rows % 1000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    assert.equal(rows, 200_001);
    assert.ok(most < 100e6, `${most} bytes of buffers for 200 MB of JSON`);
  });
});
