import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { csv } from '../../src/formats/csv.js';
import { type FormatOptions, plain, writerFor } from '../../src/formats/index.js';
import { jsonl } from '../../src/formats/jsonl.js';
import { clip, pretty, visible } from '../../src/formats/pretty.js';
import { escapeTsv, tsv } from '../../src/formats/tsv.js';
import { parseJson } from '../../src/json.js';
import type { Output, Prediction } from '../../src/types.js';
import { formatOptions } from '../helpers/format-options.js';

const options = formatOptions({ fieldNames: ['note'] });

function predict(text: string, output: Output | null, fields: Readonly<Record<string, unknown>> = {}): Prediction {
  const record = { index: 0, id: '1', text, fields, added: null, origin: { file: '-', line: 1 } };
  return { record, ...(output === null ? { error: 'failed' } : { output }), ms: 0 };
}

function classified(text: string, fields: Readonly<Record<string, unknown>> = {}): Prediction {
  return predict(text, { type: 'classify', labels: ['a'], abstained: false, score: 0.5, scores: { a: 0.5 } }, fields);
}

const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\t', '\n', '\r', '\\', 'n', '"', ',') }),
);

/** The inverse, as a reader of the output would write it. */
function unescapeTsv(cell: string): string {
  const characters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '\\': '\\' };
  return cell.replace(/\\(.)/g, (_, letter: string) => characters[letter] ?? '');
}

describe('tsv', () => {
  it('keeps any text in its cell and loses nothing', () => {
    fc.assert(
      fc.property(anything, (text) => {
        assert.equal(unescapeTsv(escapeTsv(text)), text);
        const [label, score, cell, ...rest] = tsv.prediction(classified(text), options).slice(0, -1).split('\t');
        assert.deepEqual([label, score, unescapeTsv(cell ?? ''), rest], ['a', '0.5000', text, []]);
      }),
    );
  });

  it('says in its last column which model of a cascade answered', () => {
    const cascade = { ...options, cascade: true };
    const { record, output } = classified('x');
    const answered = { record, output: { ...(output as Output), model: 'small' }, ms: 0 };
    assert.deepEqual(tsv.prediction(answered, cascade).trimEnd().split('\t'), ['a', '0.5000', 'x', 'small']);
    assert.equal(tsv.prediction(predict('x', null), cascade), 'error\t\tx\t\n');
  });

  it('has as many columns for a failed record as for a good one', () => {
    const columns = (prediction: Prediction, taskType: FormatOptions['taskType']) =>
      tsv.prediction(prediction, { ...options, taskType }).split('\t').length;
    const entity = { text: 'x', label: 'a', start: 0, end: 1, score: 1 };
    const outputs: Output[] = [
      { type: 'classify', labels: ['a'], abstained: false, score: 1, scores: {} },
      { type: 'extract', entities: [entity] },
      { type: 'answer', answer: null, score: 0 },
      { type: 'generate', text: 'y' },
    ];
    for (const output of outputs) {
      assert.equal(columns(predict('x', null), output.type), columns(predict('x', output), output.type));
    }
  });
});

describe('jsonl', () => {
  it('is one line that parses back', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        const written = jsonl.prediction(classified('x', fields), options);
        assert.equal(written.indexOf('\n'), written.length - 1);
        const { id, label, score } = JSON.parse(written);
        assert.deepEqual([id, label, score], ['1', 'a', 0.5]);
      }),
    );
  });

  it('has nothing that acts on a terminal, in values and names alike, and means the same', () => {
    // U+0000 to U+00FF, and the marks that change the writing direction.
    const marks = [...Array.from({ length: 256 }, (_, code) => code), 0x202a, 0x202e, 0x2066, 0x2069];
    const text = fc.string({ unit: fc.constantFrom(...marks.map((code) => String.fromCharCode(code))) });
    fc.assert(
      fc.property(text, text, (name, value) => {
        const written = jsonl.prediction(classified(value, { [`x${name}`]: value }), options);
        assert.doesNotMatch(written.slice(0, -1), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        assert.equal(JSON.parse(written)[`x${name}`], value);
      }),
    );
  });

  it('renames an input field that has the name of one of ours, in failed records too', () => {
    const fields = { id: '1', label: 'gold', note: 'n' };
    assert.deepEqual(JSON.parse(jsonl.prediction(predict('x', null, fields), options)), {
      input_label: 'gold',
      note: 'n',
      id: '1',
      error: 'failed',
    });
    const { label, input_label } = JSON.parse(jsonl.prediction(classified('x', fields), options));
    assert.deepEqual([label, input_label], ['a', 'gold']);
  });

  it('keeps a gold label that is the predicted one, so that right results can be counted, and says the id once', () => {
    const written = jsonl.prediction(classified('x', { id: '1', label: 'a', score: 0.5 }), options);
    const { id, label, input_label, input_score, input_id } = JSON.parse(written);
    assert.deepEqual([id, label, input_label, input_score, input_id], ['1', 'a', 'a', 0.5, undefined]);
  });

  it('gives offsets in the unit asked for', () => {
    const entities = [{ text: 'Zoë', label: 'p', start: 3, end: 6 }];
    const prediction = predict('😀 Zoë', { type: 'extract', entities });
    const offsets = (unit: FormatOptions['offsets']) => {
      const { entities } = JSON.parse(jsonl.prediction(prediction, { ...options, taskType: 'extract', offsets: unit }));
      return [entities[0].start, entities[0].end];
    };
    assert.deepEqual(offsets('codepoint'), [2, 5]);
    assert.deepEqual(offsets('utf16'), [3, 6]);
    assert.deepEqual(offsets('byte'), [5, 9]);
  });

  it('gives spans that cut the entity out of the text in code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 1 }), (before, name) => {
        const entity = { text: name, label: 'p', start: before.length, end: before.length + name.length };
        const prediction = predict(`${before}${name}!`, { type: 'extract', entities: [entity] });
        const { text, entities } = JSON.parse(jsonl.prediction(prediction, { ...options, taskType: 'extract' }));
        assert.equal([...text].slice(entities[0].start, entities[0].end).join(''), name);
      }),
    );
  });
});

describe('csv', () => {
  it('says which model of a cascade answered, and keeps a field of that name apart', () => {
    const cascade = { ...options, cascade: true, fieldNames: ['model'] };
    const { record, output } = classified('x', { model: 'X3' });
    const answered = { record, output: { ...(output as Output), model: 'small' }, ms: 0 };
    const both = [answered, { record, error: 'failed', ms: 0 }];
    const table = csv.start(cascade) + both.map((one) => csv.prediction(one, cascade)).join('');
    const rows = parse(table, { columns: true }) as Record<string, string>[];
    assert.deepEqual(
      rows.map((row) => [row.input_model, row.model, row.error]),
      [
        ['X3', 'small', ''],
        ['X3', '', 'failed'],
      ],
    );
    const lines = both.map((one) => JSON.parse(jsonl.prediction(one, cascade)));
    assert.deepEqual(
      lines.map((line) => [line.input_model, line.model]),
      [
        ['X3', 'small'],
        ['X3', undefined],
      ],
    );
  });

  it('parses back, with a header', () => {
    fc.assert(
      fc.property(anything, (note) => {
        const written = csv.start(options) + csv.prediction(classified('x', { note }), options);
        const [row, ...rest] = parse(written, { columns: true, record_delimiter: '\n' }) as Record<string, string>[];
        assert.deepEqual([row?.note, row?.label, row?.score_a, rest], [note, 'a', '0.5', []]);
      }),
    );
  });

  it('writes a field that is no string as JSON, and nothing for a missing one', () => {
    const two = { ...options, fieldNames: ['note', 'other'] };
    const row = csv.prediction(classified('x', { note: { a: 1 } }), two);
    assert.equal(row, '"{""a"":1}",,1,a,false,0.5,0.5,\n');
  });
});

describe('pretty', () => {
  it('gives a label its colour by its place and leaves text from outside without effect', () => {
    const mark = (name: string) => (text: string) => `<${name}>${text}</>`;
    const paint = { ...plain, cyan: mark('cyan'), magenta: mark('magenta') };
    const output: Output = { type: 'extract', entities: [{ text: 'b\u001b', label: 'y', start: 2, end: 4 }] };
    const [marked] = pretty
      .prediction(predict('a b\u001b', output), { ...options, taskType: 'extract', labels: ['x', 'y'], paint })
      .split('\n');
    assert.equal(marked, 'a <magenta>[b␛ y]</>');
  });

  it('never exceeds the width and never emits a control character', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 2, max: 40 }), (text, width) => {
        const shown = clip(visible(text), width);
        assert.ok(stringWidth(shown) <= width, JSON.stringify(shown));
        assert.doesNotMatch(shown, /\p{Cc}/u);
      }),
    );
  });

  it('clips between characters as people see them', () => {
    assert.equal(clip('映画は良い', 7), '映画は…');
    assert.equal(clip('a👩‍👩‍👧b', 3), 'a…');
    assert.equal(clip('fits', 4), 'fits');
  });
});

describe('writerFor', () => {
  it('goes by name, then by suffix, then takes tsv', async () => {
    assert.equal((await writerFor('pretty', 'a.csv')).name, 'pretty');
    assert.equal((await writerFor(null, 'out/A.JSONL')).name, 'jsonl');
    assert.equal((await writerFor(null, null)).name, 'tsv');
    assert.equal((await writerFor(null, '/dev/stdout')).name, 'tsv');
  });

  it('suggests a name and refuses a suffix that it cannot keep', async () => {
    await assert.rejects(writerFor('jsnl', null), /Did you mean "jsonl"\?/);
    await assert.rejects(writerFor(null, 'a.json'), /the suffix of "a.json" is no output format/);
  });
});

describe('the id in JSON Lines', () => {
  const written = (fields: Readonly<Record<string, unknown>>) => {
    const { record, output } = classified('x', fields);
    const id = fields.id === undefined ? '1' : String(fields.id);
    return jsonl.prediction({ record: { ...record, id }, output: output as Output, ms: 0 }, options);
  };

  it('is the number that the record has, digits kept, and a text otherwise', () => {
    assert.match(written({ id: 7 }), /^\{"id":7,/u);
    assert.match(written({ id: parseJson('12345678901234567890') }), /^\{"id":12345678901234567890,/u);
    assert.match(written({ id: parseJson('1.0') }), /^\{"id":1\.0,/u);
    assert.match(written({ id: '7' }), /^\{"id":"7",/u);
    assert.match(written({}), /^\{"id":"1",/u);
  });

  it('is that of a failed record too', () => {
    const { record } = classified('x', { id: 7 });
    const failed = { record: { ...record, id: '7' }, error: 'failed', ms: 0 };
    assert.equal(jsonl.prediction(failed, options), '{"id":7,"error":"failed"}\n');
  });
});
