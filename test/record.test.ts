import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRecords } from '../src/app/run/inputs.js';
import { delimiter } from '../src/cli/options.js';
import { type ExampleContext, exampleOf } from '../src/examples.js';
import { isBadRow, recordOf } from '../src/record.js';
import { readers } from '../src/records/index.js';
import { asFlags, asTaskKeys } from '../src/task-types/gold-wording.js';
import { labelOf } from './helpers/profiles.js';
import { surroundingsWith } from './helpers/surroundings.js';

const origin = { file: 'in.jsonl', line: 1 };

function errorOf(fields: Record<string, unknown>, field: string | null = null): string | undefined {
  const record = recordOf({ fields, origin }, 0, 'text', field);
  return isBadRow(record) ? record.error : undefined;
}

describe('a record', () => {
  it('suggests the field that was meant', () => {
    assert.equal(
      errorOf({ review: 'a', stars: 1 }, 'reviw'),
      'no field "reviw"; it has "review", "stars". Did you mean "review"?',
    );
    assert.match(
      errorOf({ body: 'a' }) ?? '',
      /^no field "text"; it has "body". Name the field of the input with --field$/,
    );
  });

  it('tells a text that is null from one that is missing', () => {
    assert.equal(errorOf({ text: null }), 'the field "text" is null; expected a text');
    assert.equal(errorOf({ text: undefined }), 'the field "text" is undefined; expected a text');
    assert.equal(errorOf({ text: Number.NaN }), 'the field "text" is NaN; expected a text');
  });

  it('is not made of what every object has', () => {
    assert.match(errorOf({ body: 'a' }, 'constructor') ?? '', /^no field "constructor"/);
  });

  it('shows that one column looks like several', () => {
    assert.match(errorOf({ 'text;label': 'a;1' }) ?? '', /looks like several: .*--delimiter$/);
  });
});

describe('records of a table', () => {
  const table = (content: string) => ({
    reader: readers.csv,
    chosen: 'by suffix' as const,
    source: {
      file: 'in.csv',
      async *open() {
        yield Buffer.from(content);
      },
    },
  });

  it('end at once where the table lacks the field, with one error instead of one a row', async () => {
    const records = readRecords(
      surroundingsWith(),
      [table('review,stars\na,1\nb,2\n')],
      { input: 'text' },
      {
        maxRecordSize: 1000,
        field: 'reviews',
      },
    );
    await assert.rejects(
      records.next(),
      /^SlmError: in.csv: no field "reviews"; it has "review", "stars". Did you mean "review"\?/,
    );
  });
});

describe('--delimiter', () => {
  it('takes a character or its name', () => {
    assert.deepEqual(['tab', '\\t', 'Semicolon', 'pipe', '|', '||', 'comma'].map(delimiter), [
      '\t',
      '\t',
      ';',
      '|',
      '|',
      '||',
      ',',
    ]);
    for (const wrong of ['', 'tabs', '"', '\n']) assert.throws(() => delimiter(wrong), /Expected a character/, wrong);
  });
});

describe('an example whose label has another name', () => {
  const context: ExampleContext = {
    type: 'classify',
    input: 'text',
    labels: [labelOf('good'), labelOf('bad')],
    multiLabel: false,
    labelMap: new Map(),
    field: null,
    labelField: null,
    ownLabelField: null,
    wording: asFlags,
  };
  const of = (fields: Record<string, unknown>, changes: Partial<ExampleContext>) =>
    exampleOf({ fields, origin }, 0, { ...context, ...changes });

  it('is read by the name that the task gives it, which no method sees', () => {
    const example = of({ text: 'x', mood: 'bad', label: 'other' }, { ownLabelField: 'mood', wording: asTaskKeys });
    assert.ok(!('error' in example));
    assert.deepEqual(example.gold, { type: 'classify', labels: ['bad'] });
    assert.deepEqual(example.record.fields, { text: 'x' });
    const usual = of({ text: 'x', label: 'good' }, { ownLabelField: 'mood' });
    assert.ok(!('error' in usual) && usual.gold.type === 'classify');
    const several = of({ text: 'x', mood: 'bad', labels: ['good'] }, { labelField: 'mood', multiLabel: true });
    assert.deepEqual(!('error' in several) && several.gold, { type: 'classify', labels: ['bad'] });
  });

  it('is read where it stands under the name of the main input, and that is in another field', () => {
    const example = of({ text: 'bad', review: 'x' }, { field: 'review', labelField: 'text' });
    assert.ok(!('error' in example));
    assert.deepEqual(example.gold, { type: 'classify', labels: ['bad'] });
    assert.deepEqual(example.record.fields, { text: 'x', review: 'x' });
    assert.doesNotMatch(JSON.stringify(example.record), /bad/u);
  });

  it('is read for every task type', () => {
    const example = of({ text: 'x', json: { a: 1 } }, { type: 'generate', ownLabelField: 'json' });
    assert.deepEqual(!('error' in example) && example.gold, { type: 'generate', output: '{"a":1}' });
  });

  it('has an error that names what the reader of it can write', () => {
    const message = (changes: Partial<ExampleContext>) => {
      const example = of({ text: 'x', mood: 'bad' }, changes);
      return 'error' in example ? example.error : '';
    };
    assert.match(message({ wording: asTaskKeys }), /it has "text", "mood".*"labelField" in the task.yaml$/);
    assert.match(message({}), /--label-field$/);
    assert.match(message({ labelField: 'moood' }), /no field "moood".*Did you mean "mood"/);
    const wrong = of({ text: 'x', label: 'gut' }, { wording: asTaskKeys });
    assert.match('error' in wrong ? wrong.error : '', /"aliases" in the task.yaml/);
    const elsewhere = of({ body: 'x', label: 'good' }, { wording: asTaskKeys });
    assert.match('error' in elsewhere ? elsewhere.error : '', /"input" in the task.yaml/);
  });
});
