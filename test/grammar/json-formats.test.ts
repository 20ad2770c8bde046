import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { csv } from '../../src/formats/csv.js';
import { jsonl } from '../../src/formats/jsonl.js';
import { tsv } from '../../src/formats/tsv.js';
import { onMessages, send } from '../../src/host/framing.js';
import { recordIdentity } from '../../src/jobs/rolling-digest.js';
import { parseJson, stringifyJson } from '../../src/json.js';
import { isBadRow, recordOf } from '../../src/record.js';
import { readers } from '../../src/records/index.js';
import type { InputRecord, Prediction, Row } from '../../src/types.js';
import { formatOptions } from '../helpers/format-options.js';

const hard = ['1234567890123456789', '1e400', '-0', '-0.0', '1.50', '1E5', '0.0000001', '-9007199254740993.10'];

async function rowsOf(reader: 'json' | 'jsonl', text: string): Promise<Row[]> {
  const source = {
    file: '-',
    open: async function* () {
      yield Buffer.from(text);
    },
  };
  const rows: Row[] = [];
  for await (const row of readers[reader].read(source, { maxRecordBytes: 1 << 20, onWarning: assert.fail }))
    rows.push(row);
  return rows;
}

function recordsOf(rows: readonly Row[]): InputRecord[] {
  return rows.map((row, index) => {
    const record = recordOf(row, index, 'text', null);
    if (isBadRow(record)) assert.fail(record.error);
    return record;
  });
}

const options = formatOptions({ fieldNames: ['n', 'more'] });

function classified(record: InputRecord): Prediction {
  return { record, output: { type: 'classify', labels: ['a'], abstained: false, score: 1, scores: { a: 1 } }, ms: 0 };
}

describe('numbers of JSON', () => {
  it('come back with the digits that they were written with', () => {
    const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?$/);
    const document = fc
      .tuple(fc.array(number), fc.string())
      .map(([numbers, text]) => `{"text":${JSON.stringify(text)},"list":[${numbers.join(',')}]}`);
    fc.assert(
      fc.property(document, (text) => assert.equal(stringifyJson(parseJson(text)), text)),
      { numRuns: 1000 },
    );
  });

  for (const reader of ['jsonl', 'json'] as const) {
    it(`pass through ${reader} into every format, and are text and ids as they were written`, async () => {
      const text = hard.map((n) => `{"id":${n},"text":${n},"n":${n},"more":{"list":[${n}]}}`);
      const records = recordsOf(await rowsOf(reader, reader === 'json' ? `[${text.join(',\n')}]` : text.join('\n')));
      assert.deepEqual(
        records.map((record) => record.text),
        hard,
      );
      assert.deepEqual(
        records.map(({ id }) => id),
        hard,
      );
      for (const [i, record] of records.entries()) {
        const written = jsonl.prediction(classified(record), options);
        assert.ok(written.includes(`"n":${hard[i]},"more":{"list":[${hard[i]}]}`), written);
        const [n, more] = csv.prediction(classified(record), options).split(',');
        assert.deepEqual([n, more], [hard[i], `"{""list"":[${hard[i]}]}"`]);
        assert.equal(tsv.prediction(classified(record), options), `a\t1.0000\t${hard[i]}\n`);
      }
    });
  }

  it('tell one record from the other where a job goes on', async () => {
    const [a, b] = recordsOf(
      await rowsOf('jsonl', '{"text":"x","n":1234567890123456789}\n{"text":"x","n":1234567890123456788}'),
    );
    assert.notEqual(
      recordIdentity({ ...(a as InputRecord), index: 0 }),
      recordIdentity({ ...(b as InputRecord), index: 0 }),
    );
  });

  it('reach a warm host as they were written', async () => {
    const [record] = recordsOf(await rowsOf('jsonl', '{"text":"x","n":1e400}'));
    const stream = new PassThrough();
    const received = new Promise<{ record: InputRecord }>((resolve) => onMessages(stream, (m) => resolve(m as never)));
    send(stream, { record, id: 1 });
    assert.equal(stringifyJson((await received).record.fields.n), '1e400');
  });

  it('are copied from what was generated', () => {
    const record = { index: 0, id: '1', text: 'x', fields: {}, added: null, origin: { file: '-', line: 1 } };
    const text = '{"order":12345678901234567890}';
    const output = { type: 'generate', text, value: JSON.parse(text) } as const;
    const written = jsonl.prediction({ record, output, ms: 0 }, { ...options, taskType: 'generate' });
    assert.equal(written, `{"id":"1","output":${text}}\n`);
  });
});
