import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Llama } from 'node-llama-cpp';
import { readDocument } from '../../src/grammar/document.js';
import { generationLimits, schemaToGrammar, writeSchemaGrammar } from '../../src/grammar/json-schema.js';
import { compileValidator } from '../../src/grammar/validate.js';
import { loadGrammarEngine, matcherOf } from '../helpers/gbnf-walk.js';
import { judgeSchema, type Texts } from '../helpers/judge-schema.js';

let llama: Llama;
before(async () => {
  llama = await loadGrammarEngine();
});
after(async () => {
  await llama.dispose();
});

const judge = (schema: unknown, texts: Texts) => judgeSchema(llama, schema, texts);
const unforced = (schema: unknown) => writeSchemaGrammar(readDocument(schema), generationLimits).unforced;
const n = { type: 'integer', minimum: 0, maximum: 9 };

describe('objects', () => {
  it('force patternProperties, and what matches no pattern', async () => {
    await judge(
      { type: 'object', patternProperties: { '^n_': n }, additionalProperties: false },
      { yes: ['{}', '{"n_a":1}', '{"n_":1,"n_b":2}'], no: ['{"a":1}', '{"n_a":"x"}', '{"xn_a":1}'] },
    );
    await judge(
      {
        type: 'object',
        properties: { id: n, n_id: { const: 7 } },
        required: ['id'],
        patternProperties: { '^n_': n },
        additionalProperties: { type: 'boolean' },
      },
      {
        yes: ['{"id":1}', '{"id":1,"n_id":7}', '{"id":1,"n_x":3,"y":true}'],
        no: ['{"id":1,"n_id":3}', '{"id":1,"n_x":true}', '{"id":1,"y":3}'],
      },
    );
  });

  it('force dependentRequired, and dependencies of old drafts', async () => {
    const texts = {
      yes: ['{}', '{"b":1}', '{"a":1,"b":1}'],
      no: ['{"a":1}'],
    };
    await judge({ properties: { a: n, b: n }, dependentRequired: { a: ['b'] } }, texts);
    await judge({ properties: { a: n, b: n }, dependencies: { a: ['b'] } }, texts);
    await judge(
      { properties: { a: n, b: n }, dependentSchemas: { a: { properties: { b: { const: 2 } }, required: ['b'] } } },
      { yes: ['{"b":1}', '{"a":1,"b":2}'], no: ['{"a":1,"b":1}'] },
    );
  });

  it('keep numbers of properties among listed ones', async () => {
    const p = { a: n, b: n, c: n };
    await judge(
      { type: 'object', properties: p, minProperties: 1, maxProperties: 2 },
      { yes: ['{"a":1}', '{"c":1}', '{"a":1,"c":1}'], no: ['{}', '{"a":1,"b":1,"c":1}'] },
    );
    assert.deepEqual(unforced({ type: 'object', properties: p, minProperties: 1, maxProperties: 2 }), []);
  });

  it('require what is not listed, whatever it is', async () => {
    await judge({ type: 'object', required: ['x'] }, { yes: ['{"x":1}', '{"x":{"a":[]}}'], no: ['{}', '{"y":1}'] });
  });

  it('close unevaluatedProperties over all parts', async () => {
    await judge(
      {
        allOf: [{ properties: { a: n } }],
        properties: { b: n },
        required: ['a'],
        unevaluatedProperties: false,
      },
      { yes: ['{"b":1,"a":1}', '{"a":1}'], no: ['{"a":1,"c":1}'] },
    );
  });
});

describe('cases', () => {
  it('force if, then and else over constants', async () => {
    await judge(
      {
        type: 'object',
        properties: { kind: { enum: ['card', 'cash'] }, number: { type: 'string', pattern: '^[0-9]{4}$' } },
        required: ['kind'],
        if: { properties: { kind: { const: 'card' } }, required: ['kind'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ['number'] },
        else: { properties: { number: false } },
      },
      {
        yes: ['{"kind":"card","number":"1234"}', '{"kind":"cash"}'],
        no: ['{"kind":"card"}', '{"kind":"cash","number":"1234"}'],
      },
    );
  });

  it('force not of enums, constants, required properties and patterns', async () => {
    await judge({ type: 'boolean', not: { const: true } }, { yes: ['false'], no: ['true'] });
    await judge(
      { type: 'string', maxLength: 8, not: { enum: ['a', 'root'] } },
      { yes: ['""', '"b"', '"roo"', '"roots"', '"aa"'], no: ['"a"', '"root"'] },
    );
    await judge({ enum: ['a', 'b', 1], not: { type: 'number' } }, { yes: ['"a"', '"b"'], no: ['1'] });
    await judge(
      { type: 'object', properties: { a: n, b: n }, not: { required: ['a', 'b'] } },
      { yes: ['{}', '{"a":1}', '{"b":1}'], no: ['{"a":1,"b":1}'] },
    );
    await judge(
      { type: 'string', maxLength: 10, pattern: '^[a-z]+$', not: { pattern: 'x' } },
      { yes: ['"abc"'], no: ['"abxc"', '"x"', '""'] },
    );
  });

  it('name the case of a discriminator of OpenAPI', async () => {
    await judge(
      {
        $defs: {
          Cat: { type: 'object', properties: { pet: { type: 'string' }, lives: n }, required: ['pet', 'lives'] },
          Dog: { type: 'object', properties: { pet: { type: 'string' } }, required: ['pet'] },
        },
        anyOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }],
        discriminator: { propertyName: 'pet', mapping: { dog: '#/$defs/Dog' } },
      },
      { yes: ['{"pet":"Cat","lives":9}', '{"pet":"dog"}'], no: ['{"pet":"Cat"}', '{"pet":"x"}'] },
    );
  });

  it('leave values of an enum out that break other keywords', async () => {
    await judge(
      { enum: ['a', 'abc', 4, null], maxLength: 2, maximum: 3 },
      { yes: ['"a"', 'null'], no: ['"abc"', '4'] },
    );
  });

  it('say what is left to the check, which finds it', () => {
    const schema = {
      oneOf: [
        { type: 'integer', multipleOf: 3 },
        { type: 'integer', multipleOf: 5 },
      ],
    };
    assert.deepEqual(unforced(schema), ['multipleOf', 'oneOf']);
    assert.notEqual(compileValidator(schema)(15), null);
    assert.equal(compileValidator(schema)(9), null);
  });
});

describe('arrays', () => {
  it('force contains, and different values of an enum', async () => {
    await judge(
      { type: 'array', items: n, contains: { const: 5 }, maxItems: 3 },
      { yes: ['[5]', '[5,1]', '[5,1,2]'], no: ['[]', '[1,2]'] },
    );
    await judge(
      { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true, minItems: 1 },
      { yes: ['["a"]', '["c","a"]', '["b","c","a"]'], no: ['[]', '["a","a"]', '["a","b","a"]'] },
    );
  });
});

describe('strings', () => {
  it('force look-ahead, several patterns, and lengths of parts that vary', async () => {
    await judge(
      { type: 'string', pattern: '^(?!admin$)[a-z]{2,8}$' },
      { yes: ['"adm"', '"admins"'], no: ['"admin"', '"a"'] },
    );
    await judge(
      { type: 'string', pattern: '^(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{3,6}$' },
      { yes: ['"aB1"', '"1xxB"'], no: ['"aaa"', '"AAA"', '"111"'] },
    );
    await judge(
      { type: 'string', pattern: '^[a-z]+[0-9]+$', minLength: 4, maxLength: 5 },
      { yes: ['"abc1"', '"a1234"'], no: ['"a1"', '"abc123"'] },
    );
    await judge(
      {
        allOf: [
          { type: 'string', pattern: '^a' },
          { pattern: 'z$', maxLength: 4 },
        ],
      },
      { yes: ['"az"', '"abcz"'], no: ['"a"', '"z"', '"abcdz"'] },
    );
    await judge(
      { type: 'string', pattern: '^\\p{Lu}\\p{L}+$', maxLength: 8 },
      { yes: ['"Émile"', '"Ωα"'], no: ['"emile"', '"X1"'] },
    );
    await judge({ type: 'string', pattern: '^[\\w\\-\\.\\_]+$', maxLength: 9 }, { yes: ['"a-b._c"'], no: ['"a b"'] });
  });

  it('have one way through repetitions of repetitions', async () => {
    await judge(
      { type: 'string', pattern: '^([a-z]*)*-([0-9]+)+$', maxLength: 12 },
      { yes: ['"abc-12"', '"-1"'], no: ['"abc-"', '"1-1"'] },
    );
  });

  it('have all formats of 2020-12', async () => {
    const examples: Readonly<Record<string, string>> = {
      'idn-email': 'a@b.org',
      'idn-hostname': 'www.example.org',
      iri: 'https://example.org/a',
      'iri-reference': 'a/b#c',
      'uri-reference': '/a/b',
      'uri-template': 'https://example.org/{id}',
      'json-pointer': '/a/~0b/0',
      'relative-json-pointer': '1/a',
      regex: '^[a-z]+$',
    };
    for (const [format, text] of Object.entries(examples)) {
      await judge({ type: 'string', format }, { yes: [JSON.stringify(text)], no: ['"\\u0000"'] });
    }
  });
});

describe('drafts and OpenAPI', () => {
  it('read boolean exclusive bounds, id, tuples, definitions and $anchor', async () => {
    await judge(
      {
        $schema: 'http://json-schema.org/draft-04/schema#',
        id: 'http://example.org/root.json',
        definitions: { small: { id: '#small', type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 3 } },
        items: [{ $ref: '#small' }, { $ref: 'root.json#/definitions/small' }],
        additionalItems: false,
      },
      { yes: ['[1,3]'], no: ['[0,1]', '[1,4]', '[1,1,1]'] },
    );
    await judge(
      { $id: 'https://example.org/a', $defs: { x: { $anchor: 'here', const: 1 } }, $ref: '#here' },
      { yes: ['1'], no: ['2'] },
    );
    await judge(
      { $defs: { b: { $id: 'b.json', type: 'boolean' } }, properties: { b: { $ref: 'b.json' } }, required: ['b'] },
      { yes: ['{"b":true}'], no: ['{"b":1}'] },
    );
  });
});

describe('without the limits of generation', () => {
  const matchesOf = async (schema: unknown) => await matcherOf(llama, schemaToGrammar(schema));

  it('properties come in any order, with any others where the schema is open', async () => {
    const matches = await matchesOf({ properties: { a: n, b: n, c: n }, required: ['a', 'b'] });
    for (const text of ['{"b":1,"a":2}', '{"x":[null],"b":1,"c":3,"a":2}', '"no object"'])
      assert.ok(matches(text), text);
    for (const text of ['{"b":1}', '{"a":1,"b":"x"}', '{"a":1,"c":1}']) assert.ok(!matches(text), text);
  });

  it('recursion, strings and lists have no end', async () => {
    const matches = await matchesOf({
      $defs: {
        node: {
          type: 'object',
          properties: { in: { $ref: '#/$defs/node' }, t: { type: 'string' } },
          additionalProperties: false,
        },
      },
      $ref: '#/$defs/node',
    });
    assert.ok(matches(`${'{"in":'.repeat(30)}{"t":${JSON.stringify('x'.repeat(5000))}}${'}'.repeat(30)}`));
    assert.ok(!matches(`${'{"in":'.repeat(30)}{"t":1}${'}'.repeat(30)}`));
  });
});

describe('large and strange schemas', () => {
  const within = (ms: number, work: () => void): void => {
    const start = performance.now();
    work();
    assert.ok(performance.now() - start < ms, `took ${performance.now() - start} ms`);
  };

  it('an enum of 50,000 values works', async () => {
    const values = Array.from({ length: 50_000 }, (_, i) => `value ${i * 7919}`);
    const schema = { enum: values };
    within(10_000, () => schemaToGrammar(schema, generationLimits));
    const matches = await matcherOf(llama, schemaToGrammar(schema, generationLimits));
    assert.ok(matches('"value 7919"') && matches(JSON.stringify(values.at(-1))) && !matches('"value 1"'));
  });

  it('2,000 optional properties work', async () => {
    const properties = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, n]));
    const matches = await matcherOf(llama, schemaToGrammar({ type: 'object', properties }, generationLimits));
    assert.ok(matches('{}') && matches('{"p3":1,"p1999":2}') && !matches('{"p2000":1}'));
  });

  it('eight anyOf of eight cases are left to the check where they are too many', () => {
    const cases = (i: number) => ({
      anyOf: Array.from({ length: 8 }, (_, j) => ({ properties: { [`p${i}`]: { const: j } }, required: [`p${i}`] })),
    });
    const schema = { type: 'object', allOf: Array.from({ length: 8 }, (_, i) => cases(i)) };
    within(10_000, () => assert.deepEqual(unforced(schema), ['anyOf']));
  });

  it('a schema 3,000 deep is refused by name', () => {
    let schema: unknown = { type: 'null' };
    for (let i = 0; i < 3000; i++) schema = { properties: { a: schema } };
    assert.throws(() => readDocument(schema), /schema at #: nested too deeply; at most 200 levels/);
  });

  it('chains of 5,000 definitions have an end', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [
        `d${i}`,
        { type: 'object', properties: { next: { $ref: `#/$defs/d${i + 1}` } } },
      ]),
    );
    const schema = { $ref: '#/$defs/d0', $defs: { ...$defs, d5000: { type: 'null' } } };
    assert.match(schemaToGrammar(schema, generationLimits), /^root ::= /);
    assert.match(schemaToGrammar(schema), /^root ::= /);
  });

  it('a bound beyond 2^53 is a bound', () => {
    assert.match(
      schemaToGrammar({ type: 'integer', minimum: Number('9007199254740993') }, generationLimits),
      /^root ::= /,
    );
  });
});

it('matches listed objects with their keys in any order', async () => {
  const matches = await matcherOf(llama, schemaToGrammar({ enum: [{ a: 1, b: [{ c: 2, d: 3 }] }, 'x'] }));
  for (const text of ['{"a":1,"b":[{"c":2,"d":3}]}', '{"b":[{"d":3,"c":2}],"a":1}', '"x"'])
    assert.ok(matches(text), text);
  for (const text of ['{"a":1}', '{"a":1,"b":[]}', '{"a":1,"b":[{"c":2,"d":3}],"e":1}'])
    assert.ok(!matches(text), text);
});

it('leaves to the check what unevaluatedProperties cannot know', async () => {
  const properties = (name: string) => ({ properties: { [name]: n }, required: [name] });
  const schema = { anyOf: [properties('a'), properties('b')], unevaluatedProperties: false };
  const { grammar, unforced } = writeSchemaGrammar(readDocument(schema));
  assert.ok((await matcherOf(llama, grammar))('{"a":1,"b":1}'));
  assert.deepEqual(unforced, ['unevaluatedProperties']);
});

it('takes 12.0 for an integer, but not in draft 4', async () => {
  const integer = async (draft: string) =>
    await matcherOf(llama, schemaToGrammar({ $schema: `http://json-schema.org/${draft}/schema#`, type: 'integer' }));
  assert.ok((await integer('draft-06'))('12.0'));
  const old = await integer('draft-04');
  assert.deepEqual(['12', '-3', '12.0'].map(old), [true, true, false]);
});

it('lists the multiples of any step between bounds', async () => {
  await judge(
    { type: 'integer', multipleOf: 3, minimum: 1, exclusiveMaximum: 99 },
    { yes: ['3', '96'], no: ['0', '4', '99'] },
  );
  await judge(
    { type: 'number', multipleOf: 0.25, minimum: -1, maximum: 1 },
    { yes: ['-1', '0', '0.75'], no: ['0.7', '1.25'] },
  );
  await judge({ type: 'integer', multipleOf: 1.5, minimum: 0, maximum: 9 }, { yes: ['3', '6'], no: ['1.5', '4'] });
  assert.deepEqual(unforced({ type: 'integer', multipleOf: 7, minimum: 0, maximum: 7000 }), []);
  assert.deepEqual(unforced({ type: 'integer', multipleOf: 7 }), ['multipleOf']);
  assert.throws(
    () => schemaToGrammar({ type: 'integer', multipleOf: 7, minimum: 1, maximum: 6 }, generationLimits),
    /no value is valid/,
  );
});
