import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldNamesOf } from '../../src/app/run/field-names.js';
import { readGold } from '../../src/app/run/gold.js';
import { type Input, limitToFirst, readRecords } from '../../src/app/run/inputs.js';
import { loadProfile } from '../../src/profile/index.js';
import { readers } from '../../src/records/index.js';
import { surroundingsWith } from '../helpers/surroundings.js';
import { filesIn } from '../helpers/task-folder.js';

/** Two records in each format, after which nothing may be read. */
const formats = {
  lines: 'a\nb\n',
  jsonl: '{"text":"a","label":"good"}\n{"text":"b","label":"bad"}\n',
  json: '[{"text":"a","label":"good"},{"text":"b","label":"bad"},\n',
  csv: 'text,label\na,good\nb,bad\n',
  tsv: 'text\tlabel\na\tgood\nb\tbad\n',
  conll: 'a O\n\nb O\n\n',
} as const;

async function* endless(content: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(content);
  throw new Error('read too far');
}

describe('a limit of records', () => {
  const flags = { maxRecordSize: 1 << 20, limit: 2 };
  const inputOf = (format: keyof typeof formats, file: string): Input => ({
    source: { file, open: () => endless(formats[format]) },
    reader: readers[format],
    chosen: 'by name',
  });

  for (const format of Object.keys(formats) as (keyof typeof formats)[]) {
    it(`reads no further than them, in ${format}`, async () => {
      const never: Input = { ...inputOf(format, 'second'), source: { file: 'second', open: () => endless('') } };
      const inputs = [inputOf(format, '-'), never];
      const found: string[] = [];
      for await (const record of readRecords(surroundingsWith(), inputs, { input: 'text' }, flags))
        found.push('text' in record ? record.text : record.error);
      assert.deepEqual(found, ['a', 'b']);
      const part = { ...flags, shard: { part: 1, parts: 2 } };
      let parts = 0;
      for await (const _ of readRecords(surroundingsWith(), [inputOf(format, '-')], { input: 'text' }, part)) parts++;
      assert.equal(parts, 1);
    });
  }

  it('is that of the first record of a part, where one record is to be shown', async () => {
    for (const part of [1, 2, 3]) {
      const shard = { part, parts: 3 };
      const lines = { ...inputOf('lines', '-'), source: { file: '-', open: () => endless('a\nb\nc\n') } };
      const found: string[] = [];
      const first = { maxRecordSize: 1 << 20, shard, limit: limitToFirst({ shard }) };
      for await (const record of readRecords(surroundingsWith(), [lines], { input: 'text' }, first))
        found.push('text' in record ? record.text : record.error);
      assert.deepEqual(found, ['abc'[part - 1]]);
    }
    assert.equal(limitToFirst({}), 1);
    assert.equal(limitToFirst({ limit: 1, shard: { part: 2, parts: 2 } }), 1);
  });

  it('looks for the names of fields no further than them', async () => {
    const first = inputOf('jsonl', import.meta.filename);
    const inputs = [first, { ...first, source: { ...first.source, open: () => endless('') } }];
    assert.deepEqual(await fieldNamesOf(surroundingsWith(), inputs, { input: 'text' }, flags), ['text', 'label']);
  });

  it('reads no further than them in labelled data', async (t) => {
    const cwd = filesIn(t, { 'task.yaml': 'name: t\ntype: classify\nlabels: [good, bad]\n' });
    const profile = await loadProfile('./task.yaml', { cwd, folders: [] });
    for (const format of ['jsonl', 'json', 'csv', 'tsv'] as const) {
      const surroundings = surroundingsWith({ cwd, stdin: endless(formats[format]) });
      const examples = await readGold(surroundings, profile, '-', { ...flags, dataFormat: format });
      assert.deepEqual(
        examples.map(({ record }) => record.text),
        ['a', 'b'],
      );
    }
  });
});
