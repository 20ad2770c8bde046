import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Llama } from 'node-llama-cpp';
import { readDocument } from '../../src/grammar/document.js';
import { generationLimits, schemaToGrammar } from '../../src/grammar/json-schema.js';
import { copiesIn } from '../../src/grammar/sources/copy.js';
import { sourcesOf } from '../../src/grammar/sources/index.js';
import { datesIn, numbersIn } from '../../src/grammar/sources/normal-values.js';
import { parseJson } from '../../src/json.js';
import { loadGrammarEngine, matcherOf } from '../helpers/gbnf-walk.js';

let llama: Llama;
before(async () => {
  llama = await loadGrammarEngine();
});
after(async () => {
  await llama.dispose();
});

const matcher = async (schema: unknown, text: string) =>
  await matcherOf(llama, schemaToGrammar(schema, { ...generationLimits, text }));

describe('a copied string', () => {
  const copy = { type: 'string', 'x-source': 'copy' };

  it('is a run of whole words of the text, with units and quotes intact', async () => {
    const matches = await matcher(copy, 'Ship 3x 12" pipe, grey (PN-20)\nand 5 kg of "Fix & Go" glue. Total: €12.50');
    for (const text of [
      '12" pipe',
      '12"',
      'pipe',
      'grey (PN-20)',
      'PN-20',
      '5 kg',
      'Fix & Go',
      'glue',
      '€12.50',
      '12.50',
      'PN-20) and 5 kg',
    ]) {
      assert.ok(matches(JSON.stringify(text)), text);
    }
    for (const text of ['A4 paper', 'pip', 'N-20', 'kg of Fix', '2.50', '', '12 pipe', 'pipe grey']) {
      assert.ok(!matches(JSON.stringify(text)), text);
    }
  });

  it('does not run over columns, blank lines and tabs', async () => {
    const matches = await matcher(copy, 'paper   12\t4.50\n\nTotal');
    for (const text of ['paper', '12', '4.50', 'Total']) assert.ok(matches(JSON.stringify(text)), text);
    for (const text of ['paper 12', '12 4.50', '4.50 Total']) assert.ok(!matches(JSON.stringify(text)), text);
  });

  it('is left out, or null, where the text has no word', async () => {
    const schema = {
      type: 'object',
      properties: { a: copy, b: { ...copy, type: ['string', 'null'] } },
      required: ['b'],
    };
    const matches = await matcher(schema, '---');
    assert.ok(matches('{"b":null}') && !matches('{"a":"x","b":null}'));
    assert.throws(() => schemaToGrammar({ ...schema, required: ['a'] }, { ...generationLimits, text: '---' }));
  });

  it('is found again, the same words in the order of the output', () => {
    assert.deepEqual(copiesIn('a b, a\nb and ab', 'a b'), [
      { start: 0, end: 3 },
      { start: 5, end: 8 },
    ]);
    const document = readDocument({ type: 'array', items: copy });
    assert.deepEqual(sourcesOf(document, ['pen', 'pen', 'ink'], 'ink, pen and pen'), [
      { pointer: '/0', start: 5, end: 8 },
      { pointer: '/1', start: 13, end: 16 },
      { pointer: '/2', start: 0, end: 3 },
    ]);
  });
});

describe('the place of a value', () => {
  const row = {
    type: 'object',
    properties: { item: { type: 'string', 'x-source': 'copy' }, count: { type: 'integer', 'x-source': 'normalize' } },
  };

  it('is near the value before it, not the first that reads the same', () => {
    const text = 'Order 2\n1 nut\n2 bolts';
    const items = [
      { item: 'nut', count: 1 },
      { item: 'bolts', count: 2 },
    ];
    assert.deepEqual(
      sourcesOf(readDocument({ type: 'array', items: row }), items, text).map(({ start, end }) => [start, end]),
      [
        [10, 13],
        [8, 9],
        [16, 21],
        [14, 15],
      ],
    );
  });

  it('is right beside signs of more than one unit, and of escaped characters', async () => {
    const text = '🙂 "Fix\\Go" – 3 Stück à 4 €';
    const document = readDocument({ ...row, properties: { ...row.properties, item: { 'x-source': 'copy' } } });
    const matches = await matcher(document.root, text);
    const output = { item: 'Fix\\Go', count: 3 };
    assert.ok(matches(JSON.stringify(output)));
    assert.deepEqual(
      sourcesOf(document, output, text).map(({ start, end }) => text.slice(start, end)),
      ['Fix\\Go', '3'],
    );
  });
});

describe('a normalised value', () => {
  it('is a number of the text, however it is written', async () => {
    const values = (text: string) => [...new Set(numbersIn(text).map(({ value }) => Number(value)))];
    assert.deepEqual(values('1.234,56 and 1,234.56'), [1234.56]);
    assert.deepEqual(values('1 250,00 EUR'), [1250, 1, 250]);
    assert.deepEqual(values("1'234.50"), [1234.5]);
    assert.deepEqual(values('-3,5 and 2.500'), [-3.5, 2.5, 2500]);
    assert.deepEqual(values('three 5kg bags, x12, USD3.50 (S10, A4)'), [5, 12, 3.5, 3]);
    assert.deepEqual(values('none here'), []);
    const matches = await matcher({ type: 'number', 'x-source': 'normalize', minimum: 2 }, 'Sum 1.234,56, tax 1');
    assert.ok(matches('1234.56') && !matches('1') && !matches('1234') && !matches('7'));
  });

  const long = fc
    .tuple(fc.constantFrom('', '-'), fc.stringMatching(/^[1-9]\d{14,40}$/), fc.stringMatching(/^(?:|\.\d{1,30}[1-9])$/))
    .map((parts) => parts.join(''));

  it('keeps all digits of a number', async () => {
    const document = readDocument({ type: 'number', 'x-source': 'normalize' });
    for (const digits of [...fc.sample(long, 50), '9007199254740993', '0.1000000000000000055511151231257827']) {
      const text = `Account ${digits} of 1`;
      const grammar = schemaToGrammar(document.root, { ...generationLimits, text });
      assert.ok(grammar.includes(`"${digits}"`), `${grammar} has not ${digits}`);
      const neighbour = digits.replace(/\d$/u, (last) => String((Number(last) % 9) + 1));
      assert.ok(!grammar.includes(`"${neighbour}"`), grammar);
      const [source] = sourcesOf(document, parseJson(digits), text);
      assert.deepEqual(source, { pointer: '', start: 8, end: 8 + digits.length });
    }
    const matches = await matcher(document.root, 'Account 9007199254740993');
    assert.ok(matches('9007199254740993') && !matches('9007199254740992'));
  });

  it('is written without zeros that say nothing', () => {
    const values = (text: string) => numbersIn(text).map(({ value }) => value);
    assert.deepEqual(values('007.50; -0; +3; 12345678901234567890,00; 0,0000001'), [
      '7.5',
      '0',
      '3',
      '12345678901234567890',
      '0.0000001',
    ]);
    assert.deepEqual(values('9'.repeat(400)), []);
  });

  it('is no other number than the schema allows, in all digits', async () => {
    const schema = { type: 'integer', 'x-source': 'normalize', multipleOf: 2, not: { const: 9007199254740992 } };
    assert.throws(() => schemaToGrammar(schema, { ...generationLimits, text: 'No 9007199254740993' }));
    const matches = await matcher({ ...schema, multipleOf: 1 }, 'No 9007199254740993, 9007199254740992');
    assert.ok(matches('9007199254740993') && !matches('9007199254740992'));
  });

  it('keeps to bounds of many digits', async () => {
    const schema = parseJson(
      '{"type": "integer", "x-source": "normalize", "minimum": -9007199254740993, "maximum": 9223372036854775807}',
    );
    const matches = await matcher(
      { allOf: [schema, { maximum: 1e19 }] },
      'Between -9007199254740993 and 9223372036854775807, not -9007199254740994 or 9223372036854775808',
    );
    for (const within of ['-9007199254740993', '9223372036854775807']) assert.ok(matches(within), within);
    for (const beyond of ['-9007199254740994', '9223372036854775808']) assert.ok(!matches(beyond), beyond);
  });

  it('is a date of the text, in every way that it can be read', async () => {
    const values = (text: string) => datesIn(text).map(({ value }) => value);
    assert.deepEqual(values('9 March 2024, März'), ['2024-03-09']);
    assert.deepEqual(values('March 9th, 2024'), ['2024-03-09']);
    assert.deepEqual(values('09.03.2024'), ['2024-03-09']);
    assert.deepEqual(values('03/04/2024'), ['2024-04-03', '2024-03-04']);
    assert.deepEqual(values('31/12/24'), ['2024-12-31']);
    assert.deepEqual(values('2024-02-30 and 20240229'), ['2024-02-29']);
    assert.deepEqual(values("9 de marzo de 2024; 1er août 2023; 12-Okt-'24"), [
      '2024-03-09',
      '2023-08-01',
      '2024-10-12',
    ]);
    assert.deepEqual(values('0012-05-03'), ['0012-05-03'], 'no year of the last century');
    const schema = { type: 'string', format: 'date', 'x-source': 'normalize' };
    const matches = await matcher(schema, 'due 9 March 2024');
    assert.ok(matches('"2024-03-09"') && !matches('"2024-03-10"'));
    assert.deepEqual(sourcesOf(readDocument(schema), '2024-03-09', 'due 9 March 2024'), [
      { pointer: '', start: 4, end: 16 },
    ]);
  });
});
