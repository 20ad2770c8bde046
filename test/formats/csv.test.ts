import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { afterFirstNames, fieldNamesOf, namesIn } from '../../src/app/run/field-names.js';
import type { Input } from '../../src/app/run/inputs.js';
import { claimJob } from '../../src/app/run/job-sink.js';
import type { CliContext } from '../../src/cli/context.js';
import { chooseWriter } from '../../src/cli/run/run-format.js';
import { exampleOf, goldRows, isBadExample } from '../../src/examples.js';
import { csv } from '../../src/formats/csv.js';
import { type FormatOptions, plain, type Writer } from '../../src/formats/index.js';
import { jsonl } from '../../src/formats/jsonl.js';
import { tsv } from '../../src/formats/tsv.js';
import { propertyNames } from '../../src/grammar/schema-properties.js';
import { recordIdentity } from '../../src/jobs/rolling-digest.js';
import { type BadRow, recordOf } from '../../src/record.js';
import { fileSource, readerFor, readers } from '../../src/records/index.js';
import { asFlags } from '../../src/task-types/gold-wording.js';
import type { Gold, InputRecord, Output, Prediction, Row, TaskType } from '../../src/types.js';
import { labelOf } from '../helpers/profiles.js';
import { surroundingsWith } from '../helpers/surroundings.js';
import { filesIn } from '../helpers/task-folder.js';

const reading = { maxRecordBytes: 1 << 20, onWarning: assert.fail };

function optionsFor(taskType: TaskType, more: Partial<FormatOptions> = {}): FormatOptions {
  return {
    taskType,
    labels: [],
    multiLabel: false,
    properties: [],
    input: taskType === 'answer' ? 'question' : 'text',
    offsets: 'codepoint',
    passThrough: true,
    fieldNames: ['text'],
    width: 80,
    paint: plain,
    ...more,
  };
}

function predictionOf(id: string, text: string, output: Output, more: Record<string, unknown> = {}): Prediction {
  const fields = { id, text, ...more };
  return { record: { index: 0, id, text, fields, added: null, origin: { file: 'in', line: 1 } }, output, ms: 0 };
}

async function* rowsIn(table: string, name: 'csv' | 'tsv', columns?: string[]): AsyncGenerator<Row> {
  const source = {
    file: '-',
    open: async function* () {
      yield Buffer.from(table);
    },
  };
  yield* readers[name].read(source, { ...reading, ...(columns === undefined ? {} : { columns }) });
}

/** What `slm eval` takes for right when it reads this table. */
async function goldIn(rows: AsyncIterable<Row>, options: FormatOptions, labels: readonly string[]): Promise<Gold[]> {
  const golds: Gold[] = [];
  for await (const row of goldRows(options.taskType, rows)) {
    const example = exampleOf(row, golds.length, {
      type: options.taskType,
      input: options.input,
      labels: labels.map((name) => labelOf(name)),
      multiLabel: options.multiLabel,
      labelMap: new Map(),
      field: null,
      labelField: null,
      ownLabelField: null,
      wording: asFlags,
    });
    if (isBadExample(example)) assert.fail(example.error);
    golds.push(example.gold);
  }
  return golds;
}

function written(options: FormatOptions, predictions: readonly Prediction[]): string {
  return csv.start(options) + predictions.map((prediction) => csv.prediction(prediction, options)).join('');
}

describe('csv that slm has written can be evaluated on', () => {
  it('for labels, with the text', async () => {
    const options = optionsFor('classify', { labels: ['a', 'b'] });
    const output: Output = { type: 'classify', labels: ['b'], abstained: false, score: 1, scores: { a: 0, b: 1 } };
    const table = written(options, [predictionOf('1', 'x, "y"', output)]);
    assert.deepEqual(await goldIn(rowsIn(table, 'csv'), options, options.labels), [
      { type: 'classify', labels: ['b'] },
    ]);
    assert.match(table, /^text,id,label,/u);
  });

  for (const name of ['csv', 'tsv'] as const) {
    it(`for several labels, whatever characters they have, in ${name}`, async () => {
      const labels = ['a', 'b, c', 'd;e', '"f"'];
      const options = optionsFor('classify', { labels, multiLabel: true });
      const sets = [[], ['a'], ['b, c'], ['a', 'b, c', 'd;e', '"f"']];
      const predictions = sets.map((found, i) =>
        predictionOf(`${i}`, `t${i}`, { type: 'classify', labels: found, abstained: false, score: 1, scores: {} }),
      );
      const rows =
        name === 'csv'
          ? rowsIn(written(options, predictions), 'csv')
          : rowsIn(predictions.map((each) => tsv.prediction(each, options)).join(''), 'tsv', [
              'labels',
              'score',
              'text',
            ]);
      assert.deepEqual(
        (await goldIn(rows, options, labels)).map((gold) => gold.type === 'classify' && gold.labels),
        sets,
      );
    });
  }

  it('for entities: a row for each with its text, and one for a text without', async () => {
    const options = optionsFor('extract', { labels: ['p'] });
    const ann = { text: 'Ann', label: 'p', start: 3, end: 6, score: 0.5 };
    const bob = { text: 'Bob', label: 'p', start: 8, end: 11, score: 0.5 };
    const table = written(options, [
      predictionOf('1', '😀 Ann, Bob', { type: 'extract', entities: [ann, bob] }),
      predictionOf('2', 'nobody', { type: 'extract', entities: [] }),
      predictionOf('3', '😀 Ann', { type: 'extract', entities: [ann] }),
    ]);
    assert.equal(
      table,
      'id,text,entity,label,start,end,score,error\n' +
        '1,"😀 Ann, Bob",Ann,p,2,5,0.5,\n1,"😀 Ann, Bob",Bob,p,7,10,0.5,\n2,nobody,,,,,,\n3,😀 Ann,Ann,p,2,5,0.5,\n',
    );
    const golds = await goldIn(rowsIn(table, 'csv'), options, ['p']);
    const without = ({ score: _score, ...entity }: typeof ann) => entity;
    assert.deepEqual(golds, [
      { type: 'extract', entities: [without(ann), without(bob)] },
      { type: 'extract', entities: [] },
      { type: 'extract', entities: [without(ann)] },
    ]);
  });

  it('for answers, also where the right ones came along', async () => {
    const options = optionsFor('answer', { fieldNames: ['question', 'answers'] });
    const prediction = predictionOf(
      '1',
      'Who?',
      { type: 'answer', answer: null, score: 0 },
      { answers: ['Ann', 'Bob'] },
    );
    const golds = await goldIn(rowsIn(written(options, [prediction]), 'csv'), options, []);
    assert.deepEqual(golds, [{ type: 'answer', answers: ['Ann', 'Bob'] }]);
  });

  it('for generated JSON: the whole and a column for each property', async () => {
    const options = optionsFor('generate', { properties: ['name', 'id', 'tags'] });
    const text = '{"name":"Ann, Lee","id":12345678901234567890,"tags":["x"]}';
    const table = written(options, [predictionOf('1', 't', { type: 'generate', text, value: JSON.parse(text) })]);
    const [header, row] = table.split('\n');
    assert.equal(header, 'text,id,output,name,output_id,tags,error');
    assert.ok(row?.endsWith(`,"Ann, Lee",12345678901234567890,"[""x""]",`), row);
    assert.deepEqual(await goldIn(rowsIn(table, 'csv'), options, []), [{ type: 'generate', output: text }]);
  });
});

describe('the properties of a schema', () => {
  it('are those of its references, parts and alternatives, each once', () => {
    const schema = {
      allOf: [{ $ref: '#/$defs/base' }],
      properties: { b: {} },
      anyOf: [{ properties: { c: { properties: { inner: {} } } } }, { properties: { b: {} } }],
      $defs: { base: { properties: { a: {} }, $ref: '#' } },
    };
    assert.deepEqual(propertyNames(schema), ['b', 'a', 'c']);
    assert.deepEqual([propertyNames(null), propertyNames(true), propertyNames({ type: 'string' })], [[], [], []]);
  });
});

describe('names of fields that come along', () => {
  it('never meet another field, when results are read and written once more', () => {
    const output: Output = { type: 'classify', labels: ['a'], abstained: false, score: 1, scores: { a: 1 } };
    const again = predictionOf('1', 'x', output, { label: 'gold', input_label: 'older' });
    const options = optionsFor('classify', { labels: ['a'], fieldNames: namesIn(again.record) });
    assert.match(written(options, [again]), /^text,input_input_label,input_label,id,label,/u);
    const line = JSON.parse(jsonl.prediction(again, options));
    assert.deepEqual([line.input_input_label, line.input_label, line.label], ['gold', 'older', 'a']);
  });

  const context = surroundingsWith();
  const task = { input: 'text' };
  const flags = { maxRecordSize: 1 << 20 };
  const inputOf = (file: string): Input => ({
    source: fileSource(file),
    reader: readerFor(null, file),
    chosen: 'by suffix',
  });

  it('are those of all records of a file, whatever comes first', async (t) => {
    const folder = filesIn(t, {
      'a.jsonl': '{"text":\n{"text":"x","a":1}\n{"text":"y","late":2}\n',
      'b.csv': 'text,b\n"bro"ken,1\nx,2\n',
    });
    const inputs = ['a.jsonl', 'b.csv'].map((name) => inputOf(`${folder}/${name}`));
    assert.deepEqual(await fieldNamesOf(context, inputs, task, flags), ['text', 'a', 'late', 'b']);
    assert.deepEqual(await fieldNamesOf(context, inputs, task, { ...flags, limit: 2 }), ['text', 'a']);
  });

  it('are not asked of what can be read only once', async () => {
    const stdin = {
      source: { file: '-', open: () => assert.fail('it was read') },
      reader: readers.jsonl,
      chosen: 'by name' as const,
    };
    assert.equal(await fieldNamesOf(context, [stdin], task, flags), null);
  });

  it('are those of the first readable record of a stream, and no record is lost', async () => {
    const row = (fields: Record<string, unknown>, error?: string): Row => ({
      fields,
      origin: { file: '-', line: 1 },
      ...(error === undefined ? {} : { error }),
    });
    const rows = [row({}, 'bad'), row({ text: 'x', a: 1 }), row({ text: 'y', b: 1 })];
    async function* all(): AsyncGenerator<InputRecord | BadRow> {
      for (const [index, each] of rows.entries()) yield recordOf(each, index, 'text', null);
    }
    let names: readonly string[] | null = null;
    const ids: number[] = [];
    for await (const { index } of afterFirstNames(all(), (found) => (names = found))) {
      assert.deepEqual(names, ['text', 'a']);
      ids.push(index);
    }
    assert.deepEqual(ids, [0, 1, 2]);
  });
});

describe('a format that is named twice', () => {
  it('is refused where the two differ', async () => {
    const flags = { json: true, offsets: 'codepoint', passThrough: true } as const;
    const context = { stdout: {} } as CliContext;
    await assert.rejects(chooseWriter(context, { ...flags, format: 'csv' }), /--json contradicts --format csv/u);
    assert.equal((await chooseWriter(context, { ...flags, format: 'jsonl' })).name, 'jsonl');
  });
});

describe('a csv job that goes on', () => {
  it('refuses rows with other columns than its header has', async (t) => {
    const file = path.join(filesIn(t, {}), 'out.csv');
    const output: Output = { type: 'classify', labels: ['a'], abstained: false, score: 1, scores: { a: 1 } };
    const options = optionsFor('classify', { labels: ['a'] });
    const sink = async (start: 'new' | 'resume') =>
      claimJob({ now: () => 0, onClose: () => undefined }, file, start)(async () => ({}), csv, 'classify');
    const first = await sink('new');
    await first.write(predictionOf('1', 'x', output), options);
    await first.stop('interrupted');
    const next = await sink('resume');
    const more = { ...options, fieldNames: ['text', 'new'] };
    await assert.rejects(next.write(predictionOf('2', 'y', output), more), /columns of .* differ from/u);
    await next.write(predictionOf('2', 'y', output), options);
    await next.finish(options);
    assert.equal(readFileSync(file, 'utf8').split('\n').length, 4);
  });
});

describe('a field that comes along', () => {
  const output: Output = { type: 'classify', labels: ['a'], abstained: false, score: 1, scores: { a: 1 } };
  /** Cells of a table in which no cell needs quotes, by column. */
  const cellsIn = (table: string) => {
    const [header = [], ...rows] = table
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    return rows.map((row) => new Map(header.map((name, at) => [name, row[at]])));
  };
  const read = (rows: readonly string[]) =>
    rows.map((row, index) => {
      const record = recordOf(
        { fields: JSON.parse(row), origin: { file: 'in', line: index + 1 } },
        index,
        'text',
        null,
      );
      return 'error' in record ? assert.fail(record.error) : { record, output, ms: 0 };
    });
  const table = (predictions: readonly Prediction[]) => {
    const fieldNames = [...new Set(predictions.flatMap(({ record }) => namesIn(record)))];
    return cellsIn(written(optionsFor('classify', { labels: ['a'], fieldNames }), predictions));
  };

  for (const name of [...Object.getOwnPropertyNames(Object.prototype), 'prototype', 'length', 'name']) {
    it(`is empty in records without it, also where it is called ${name}`, () => {
      const rows = table(read(['{"text":"x"}', `{"text":"y","${name}":"z"}`]));
      assert.deepEqual(
        rows.map((row) => row.get(name)),
        ['', 'z'],
      );
      for (const row of rows) assert.equal(row.get('score_a'), '1');
    });

    it(`has its score where it is a label called ${name}`, () => {
      const scores = Object.fromEntries([[name, 0.25]]);
      const options = optionsFor('classify', { labels: [name, 'b'], passThrough: false });
      const [row] = cellsIn(
        written(options, [
          predictionOf('1', 'x', { type: 'classify', labels: [name], abstained: false, score: 0.25, scores }),
        ]),
      );
      assert.deepEqual([row?.get('label'), row?.get(`score_${name}`), row?.get('score_b')], [name, '0.25', '']);
    });
  }

  it('stands beside the id where it is an id that identifies nothing, as in JSON Lines', () => {
    const ids = ['true', '[1]', '"a"', '7', '1.50', '""', 'null', 'false'];
    const predictions = read(ids.map((id) => `{"id":${id},"text":"x"}`));
    const rows = table(predictions);
    for (const [at, prediction] of predictions.entries()) {
      const line = JSON.parse(jsonl.prediction(prediction, optionsFor('classify')));
      assert.equal(rows[at]?.get('id'), String(line.id));
      const other = line.input_id ?? '';
      assert.equal(rows[at]?.get('input_id'), typeof other === 'object' ? JSON.stringify(other) : String(other));
    }
  });

  const found: Readonly<Record<'classify' | 'extract' | 'answer', Output>> = {
    classify: output,
    extract: { type: 'extract', entities: [] },
    answer: { type: 'answer', answer: null, score: 0 },
  };
  for (const type of ['classify', 'extract', 'answer'] as const) {
    const input = type === 'answer' ? 'question' : 'text';
    // A field of ours has the name of the main input, except where labels are given.
    const name = type === 'classify' ? input : `input_${input}`;

    it(`keeps its value where another field is read in its place, in results of type ${type}`, () => {
      const fields = { [input]: 'mine', other: 'read' };
      const record = recordOf({ fields, origin: { file: 'in', line: 1 } }, 0, input, 'other');
      if ('error' in record) assert.fail(record.error);
      assert.equal(record.fields[input], 'read');
      const prediction = { record, output: found[type], ms: 0 };
      const options = optionsFor(type, { labels: ['a'], fieldNames: namesIn(record), input: 'other' });
      const [row] = cellsIn(written(options, [prediction]));
      const line = JSON.parse(jsonl.prediction(prediction, options));
      assert.deepEqual([row?.get(name), row?.get('other')], ['mine', 'read']);
      assert.deepEqual([line[name], line.other], ['mine', 'read']);
      const changed = recordOf({ ...record, fields: { ...fields, [input]: 'new' } }, 0, input, 'other');
      assert.notEqual(recordIdentity(record), recordIdentity(changed as InputRecord));
    });
  }

  it('has no column where it is the id of every record', () => {
    assert.deepEqual(
      [...(table(read(['{"id":"a","text":"x"}', '{"id":7,"text":"x"}']))[0]?.keys() ?? [])].slice(0, 2),
      ['text', 'id'],
    );
  });
});

describe('tables on a terminal', () => {
  const text = 'a\u001b]0;title\u0007\u009b31m\u202eb';
  const output: Output = { type: 'classify', labels: [text], abstained: false, score: 1, scores: { [text]: 1 } };
  const options = optionsFor('classify', { labels: [text], fieldNames: ['text', text] });
  const all = (writer: Writer) =>
    writer.start(options) + writer.prediction(predictionOf(text, text, output, { [text]: text }), options);
  const context = (isTTY: boolean) => ({ stdout: { isTTY }, stdoutIsTerminal: isTTY }) as unknown as CliContext;
  const flags = { offsets: 'codepoint', passThrough: true } as const;

  for (const format of ['csv', 'tsv']) {
    it(`have nothing that acts on it, and all bytes elsewhere, in ${format}`, async () => {
      const shown = all(await chooseWriter(context(true), { ...flags, format }));
      assert.doesNotMatch(shown, /(?![\n\t])\p{Cc}|\u202e/u);
      assert.ok(shown.includes('a␛]0;title␇'), shown);
      for (const elsewhere of [
        await chooseWriter(context(false), { ...flags, format }),
        await chooseWriter(context(true), { ...flags, output: `out.${format}` }),
      ])
        assert.equal(all(elsewhere), all(format === 'csv' ? csv : tsv));
    });
  }
});
