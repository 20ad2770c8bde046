import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { plain, writers } from '../../src/formats/index.js';
import type { FormatOptions } from '../../src/formats/types.js';
import { findFailedRows } from '../../src/jobs/failed-rows.js';
import { fileRows } from '../../src/jobs/file-rows.js';
import { failedRecords, replaceRows } from '../../src/jobs/retry.js';
import type { InputRecord, Prediction } from '../../src/types.js';
import { tempFolder } from '../helpers/slm.js';

const options: FormatOptions = {
  taskType: 'generate',
  labels: [],
  multiLabel: false,
  properties: [],
  input: 'text',
  offsets: 'codepoint',
  passThrough: true,
  fieldNames: ['error', 'note'],
  width: 80,
  paint: plain,
};

function recordAt(index: number, note: string): InputRecord {
  const fields = { id: `r${index}`, text: 't', note, error: 'theirs' };
  return { index, id: `r${index}`, text: 't', fields, added: 'text', origin: { file: 'in', line: index + 1 } };
}

async function* from<T>(items: readonly T[]) {
  yield* items;
}

describe('trying failed records again', () => {
  for (const format of ['jsonl', 'csv'] as const) {
    it(`puts their results in their place and leaves all other bytes, in ${format}`, async (t) => {
      const writer = await writers[format]();
      const folder = tempFolder(t);
      const file = path.join(folder, `out.${format}`);
      // Quotes, line ends and letters of several bytes, in what is passed through and in results.
      const text = fc.stringMatching(/^["\n,é🎉 a]{0,12}$/u);
      const record = fc.record({ note: text, output: text, fails: fc.boolean(), failsAgain: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 12 }), async (rows) => {
          const records = rows.map(({ note }, index) => recordAt(index, note));
          const written = (failing: (index: number) => boolean) => {
            const predictions = records.map((record, index): Prediction => {
              if (failing(index)) return { record, error: 'too "long"\nfor it', ms: 0 };
              return { record, output: { type: 'generate', text: rows[index]?.output ?? '' }, ms: 0 };
            });
            return predictions.map((prediction) => writer.prediction(prediction, options));
          };
          const first = written((index) => rows[index]?.fails === true);
          const second = written((index) => rows[index]?.fails === true && rows[index]?.failsAgain === true);
          writeFileSync(file, writer.start(options) + first.join(''));
          const found = await findFailedRows(file, format, 'generate');
          assert.equal(found.records, rows.length);
          assert.equal(found.header, writer.start(options));
          const replacement = replaceRows(file, found.failed);
          for await (const record of failedRecords(from(records), found, file))
            replacement.replace(second[record.index] as string);
          replacement.commit();
          assert.equal(readFileSync(file, 'utf8'), writer.start(options) + second.join(''));
          assert.deepEqual(readdirSync(folder), [`out.${format}`]);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('is refused for outputs that do not tell failures from results', async (t) => {
    const file = path.join(tempFolder(t), 'out');
    writeFileSync(file, 'x\n');
    await assert.rejects(findFailedRows(file, 'tsv', 'classify'), /tsv does not tell failed records/u);
    await assert.rejects(findFailedRows(file, 'csv', 'extract'), /several rows for a record/u);
    await assert.rejects(findFailedRows(file, 'jsonl', 'classify'), /row 1 is not one/u);
    await assert.rejects(findFailedRows(file, 'csv', 'classify'), /row 1 is not one/u);
  });

  it('is refused on another input', async (t) => {
    const file = path.join(tempFolder(t), 'out.jsonl');
    writeFileSync(file, '{"id":"r0","output":"x"}\n{"id":"r1","error":"e"}\n');
    const found = await findFailedRows(file, 'jsonl', 'generate');
    const take = async (records: readonly InputRecord[]) => {
      for await (const _ of failedRecords(from(records), found, file));
    };
    await take([recordAt(0, ''), recordAt(1, '')]);
    await assert.rejects(take([recordAt(0, ''), recordAt(7, '')]), /record 2 is "r7" here and "r1" there/u);
    await assert.rejects(take([recordAt(0, '')]), /has 2 records, the input 1/u);
    await assert.rejects(take([0, 1, 2].map((index) => recordAt(index, ''))), /the input has more/u);
  });

  it('knows a record that could not be read at first, and so not its id, by its place', async (t) => {
    const file = path.join(tempFolder(t), 'out.jsonl');
    const now = { ...recordAt(1, ''), origin: { file: 'in.jsonl', line: 2 } };
    writeFileSync(file, '{"id":"r0","output":"x"}\n{"id":"in.jsonl:2","error":"too long"}\n');
    const found = await findFailedRows(file, 'jsonl', 'generate');
    const taken: string[] = [];
    for await (const { id } of failedRecords(from([recordAt(0, ''), now]), found, file)) taken.push(id);
    assert.deepEqual(taken, ['r1']);
  });

  it('knows records by their numbers, however long', async (t) => {
    const file = path.join(tempFolder(t), 'out.jsonl');
    writeFileSync(file, '{"id":12345678901234567890,"error":"e"}\n{"id":1.0,"error":"e"}\n');
    const { failed } = await findFailedRows(file, 'jsonl', 'generate');
    assert.deepEqual(
      failed.map(({ id }) => id),
      ['12345678901234567890', '1.0'],
    );
  });

  it('that is given up leaves the output as it was, and its permissions otherwise', async (t) => {
    const folder = tempFolder(t);
    const file = path.join(folder, 'out.jsonl');
    const before = '{"id":"r0","error":"e"}\n{"id":"r1","output":"x"}\n';
    writeFileSync(file, before);
    chmodSync(file, 0o640);
    const found = await findFailedRows(file, 'jsonl', 'generate');
    const given = replaceRows(file, found.failed);
    given.replace('{"id":"r0","output":"y"}\n');
    given.discard();
    assert.equal(readFileSync(file, 'utf8'), before);
    const committed = replaceRows(file, found.failed);
    committed.commit();
    assert.equal(readFileSync(file, 'utf8'), before);
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(folder), ['out.jsonl']);
  });
});

describe('rows of a file', () => {
  it('join up to the file, and half a row at its end is none', async (t) => {
    const file = path.join(tempFolder(t), 'rows');
    const content = '"a\nb",c\n\nd,"e ""q""\n"\nhalf "a';
    writeFileSync(file, content);
    const rows = async (quoted: boolean) => {
      const found: string[] = [];
      for await (const { start, end, text } of fileRows(file, { quoted })) {
        assert.equal(content.slice(start, end), text);
        found.push(text);
      }
      return found;
    };
    assert.deepEqual(await rows(true), ['"a\nb",c\n', '\n', 'd,"e ""q""\n"\n']);
    assert.equal((await rows(false)).length, 5);
  });
});
