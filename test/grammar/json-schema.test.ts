import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Llama } from 'node-llama-cpp';
import { SlmError } from '../../src/errors.js';
import { type GrammarOptions, generationLimits, schemaToGrammar } from '../../src/grammar/json-schema.js';
import { compileValidator } from '../../src/grammar/validate.js';
import { loadGrammarEngine, matcherOf } from '../helpers/gbnf-walk.js';
import { judgeSchema, type Texts, walkAndValidate } from '../helpers/judge-schema.js';

let llama: Llama;
before(async () => {
  llama = await loadGrammarEngine();
});
after(async () => {
  await llama.dispose();
});

async function judge(schema: unknown, texts: Texts, options?: GrammarOptions) {
  await judgeSchema(llama, schema, texts, options);
}

function problem(schema: unknown): string {
  try {
    schemaToGrammar(schema, generationLimits);
  } catch (error) {
    assert.ok(error instanceof SlmError, String(error));
    assert.equal(error.kind, 'usage');
    return error.message;
  }
  assert.fail('no error');
}

describe('objects', () => {
  it('writes properties in schema order, without white space', async () => {
    const schema = {
      type: 'object',
      properties: { b: { type: 'integer' }, a: { type: 'string' } },
      required: ['a', 'b'],
    };
    await judge(schema, {
      yes: ['{"b":1,"a":"x"}', '{"b":-20,"a":""}'],
      no: [
        '{"a":"x","b":1}',
        '{"b": 1,"a":"x"}',
        '{"b":1}',
        '{"b":1,"a":"x","c":1}',
        '{"b":01,"a":""}',
        '{"b":-0,"a":""}',
        '{}',
        '',
      ],
    });
  });

  it('sets commas right around optional properties, wherever they stand', async () => {
    const p = { type: 'null' };
    const schema = { type: 'object', properties: { a: p, b: p, c: p, d: p }, required: ['c'] };
    await judge(schema, {
      yes: [
        '{"c":null}',
        '{"a":null,"c":null}',
        '{"b":null,"c":null}',
        '{"a":null,"b":null,"c":null,"d":null}',
        '{"c":null,"d":null}',
      ],
      no: [
        '{}',
        '{"a":null}',
        '{,"c":null}',
        '{"a":null"c":null}',
        '{"c":null,}',
        '{"d":null}',
        '{"b":null,"a":null,"c":null}',
      ],
    });
    await judge(
      { properties: { a: p, b: p, c: p } },
      {
        yes: ['{}', '{"a":null}', '{"b":null}', '{"c":null}', '{"a":null,"c":null}', '{"b":null,"c":null}'],
        no: ['{,}', '{"a":null,}', '{"c":null,"a":null}', '{"x":null}'],
      },
    );
  });

  it('reads additionalProperties as a map, with keys unlike the listed ones', async () => {
    await judge(
      { type: 'object', additionalProperties: { type: 'boolean' }, minProperties: 1, maxProperties: 2 },
      {
        yes: ['{"x":true}', '{"x":true,"yé":false}'],
        no: ['{}', '{"x":1}', '{"x":true,"y":true,"z":true}', '{"":true}'],
      },
    );
    const schema = {
      type: 'object',
      properties: { id: { type: 'integer' }, is: { type: 'integer' } },
      required: ['id'],
      additionalProperties: { type: 'boolean' },
    };
    await judge(schema, {
      yes: ['{"id":1}', '{"id":1,"x":true}', '{"id":1,"i":true,"idx":false}', '{"id":1,"is":2,"isn":true}'],
      no: ['{"id":1,"id":true}', '{"id":1,"is":true}', '{"id":1,"\\u0069d":true}', '{"x":true}'],
    });
    await judge(
      { type: 'object', propertyNames: { pattern: '^[a-z]{2}$' }, additionalProperties: { type: 'string' } },
      {
        yes: ['{}', '{"de":"x"}'],
        no: ['{"deu":"x"}', '{"DE":"x"}'],
      },
    );
    await judge({ type: 'object' }, { yes: ['{}', '{"a":{"b":[1,null]}}'], no: ['[]'] });
  });

  it('quotes unusual property names', async () => {
    await judge(
      { properties: { 'a "b"\\\n': { type: 'null' }, 'ключ-☺': { type: 'null' } }, required: ['a "b"\\\n'] },
      {
        yes: [JSON.stringify({ 'a "b"\\\n': null, 'ключ-☺': null })],
      },
    );
  });
});

describe('arrays', () => {
  it('keeps minItems and maxItems', async () => {
    await judge(
      { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 3 },
      {
        yes: ['[1,2]', '[1,2,3]'],
        no: ['[]', '[1]', '[1,2,3,4]', '[1,]', '[,1]', '["a","b"]'],
      },
    );
    await judge({ type: 'array', items: { enum: ['a'] } }, { yes: ['[]', '["a"]', '["a","a"]'] });
    await judge({ type: 'array', items: { type: 'null' }, maxItems: 0 }, { yes: ['[]'], no: ['[null]'] });
    await judge(
      { type: 'array', items: { type: 'null' } },
      { yes: ['[null,null]'], no: ['[null,null,null]'] },
      { maxArrayItems: 2 },
    );
    await judge({ type: 'array', items: false }, { yes: ['[]'], no: ['[1]'] });
  });

  it('reads tuples of both drafts', async () => {
    await judge(
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
      {
        yes: ['["a",1]'],
        no: ['["a"]', '["a",1,2]', '[1,"a"]'],
      },
    );
    await judge(
      { type: 'array', prefixItems: [{ type: 'null' }, { const: 1 }], items: { const: 2 }, minItems: 1 },
      {
        yes: ['[null]', '[null,1]', '[null,1,2,2]'],
        no: ['[]', '[1]', '[null,2]'],
      },
    );
    await judge(
      { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ const: 1 }], additionalItems: { const: 2 } },
      { yes: ['[1]', '[1,2]'], no: ['[2]', '[]'] },
    );
  });
});

describe('strings', () => {
  it('bounds every string and counts characters, not bytes', async () => {
    await judge(
      { type: 'string', minLength: 2, maxLength: 3 },
      {
        yes: ['"ab"', '"☺😀é"', '"\\n\\u00e9\\/"'],
        no: ['"a"', '"abcd"', '"a', '"a\nb"', '"\\ud83d\\ude00"', '"\\x41b"', '"a"b"'],
      },
    );
    await judge({ type: 'string' }, { yes: [`"${'x'.repeat(500)}"`], no: [`"${'x'.repeat(501)}"`] });
    await judge({ type: 'string' }, { yes: ['"xxx"'], no: ['"xxxx"'] }, { maxStringLength: 3 });
  });

  it('writes long limits in blocks, which llama.cpp accepts', async () => {
    const text = (length: number): string => JSON.stringify('x'.repeat(length));
    await judge(
      { type: 'string', maxLength: 5100 },
      { yes: [text(0), text(499), text(500), text(2750), text(5100)], no: [text(5101)] },
    );
    await judge(
      { type: 'string', minLength: 2100, maxLength: 2200 },
      { yes: [text(2100), text(2200)], no: [text(2099), text(2201)] },
    );
    await judge(
      { type: 'string', minLength: 3, maxLength: 4000 },
      { yes: [text(3), text(4000)], no: [text(2), text(4001)] },
    );
    await judge({ type: 'string', maxLength: 2000 }, { yes: [text(2000)], no: [text(2001)] });
  });

  it('translates patterns', async () => {
    await judge(
      { type: 'string', pattern: '^[A-Z]{2}-\\d+$', maxLength: 6 },
      {
        yes: ['"AB-1"', '"AB-123"'],
        no: ['"AB-1234"', '"AB-"', '"ab-1"', '"AB-1x"'],
      },
    );
    await judge(
      { type: 'string', pattern: '^(?:red|gr[ae]y|\\.)?$' },
      { yes: ['""', '"red"', '"grey"', '"."'], no: ['"x"', '"gry"'] },
    );
    await judge({ type: 'string', pattern: '^a|b$', maxLength: 4 }, { yes: ['"axy"', '"xyb"', '"ab"'], no: ['"xa"'] });
    await judge(
      { type: 'string', pattern: '^[^"x\\\\]+$', maxLength: 4 },
      { yes: ['"a\\n"'], no: ['"\\""', '"x"', '"\\\\"', '""'] },
    );
    await judge(
      { type: 'string', pattern: '^"\\\\[\\]\\^-]$' },
      { yes: ['"\\"\\\\]"', '"\\"\\\\-"', '"\\"\\\\^"'], no: ['"]"'] },
    );
    await judge({ type: 'string', pattern: '^\\u{1F600}\\w\\S\\D.$' }, { yes: ['"😀a-xy"'], no: ['"😀a 1y"'] });
    await judge(
      { type: 'string', pattern: '^([a-c]{1,2},){2,3}z??$' },
      { yes: ['"a,bb,"', '"a,b,c,z"'], no: ['"a,"'] },
    );
    await judge(
      { type: 'string', pattern: 'ab' },
      { yes: ['"ab"', '"xaby"', '"aab"'], no: ['"a b"'] },
      { maxStringLength: 20 },
    );
    await judge({ type: 'string', pattern: '^\\x01$' }, { yes: ['"\\u0001"'] });
  });

  it('writes formats that ajv-formats accepts', async () => {
    await judge(
      { type: 'string', format: 'date' },
      {
        yes: ['"2024-02-29"', '"2023-02-28"', '"2000-02-29"', '"1999-12-31"', '"2023-04-30"'],
        no: [
          '"2023-02-29"',
          '"1900-02-29"',
          '"2023-04-31"',
          '"2023-13-01"',
          '"2023-00-01"',
          '"2023-01-00"',
          '"23-01-01"',
        ],
      },
    );
    await judge(
      { type: 'string', format: 'date-time' },
      { yes: ['"2024-05-06T07:08:09Z"', '"2024-05-06T07:08:09.5+02:00"'], no: ['"2024-05-06"'] },
    );
    await judge({ type: 'string', format: 'time' }, { yes: ['"23:59:59Z"'], no: ['"24:00:00Z"', '"10:00:00"'] });
    await judge({ type: 'string', format: 'email' }, { yes: ['"jo.do+x@ex-ample.co.uk"'], no: ['"a@b"', '"@b.de"'] });
    await judge(
      { type: 'string', format: 'uuid' },
      { yes: ['"123e4567-e89b-12d3-a456-426614174000"'], no: ['"123e4567"'] },
    );
    await judge(
      { type: 'string', format: 'ipv4' },
      { yes: ['"192.168.0.255"'], no: ['"256.1.1.1"', '"1.1.1"', '"01.1.1.1"'] },
    );
    await judge({ type: 'string', format: 'ipv6' }, { yes: ['"2001:db8:0:0:0:0:0:1"'] });
    await judge({ type: 'string', format: 'uri' }, { yes: ['"https://example.com/a/b?x=1"'], no: ['"example.com"'] });
    await judge({ type: 'string', format: 'url' }, { yes: ['"http://example.com:8080/"'] });
    await judge(
      { type: 'string', format: 'duration' },
      { yes: ['"P1Y2M3DT4H5M6S"', '"PT5M"', '"P2W"'], no: ['"P"', '"P1YT"', '"PT"'] },
    );
    await judge({ type: 'string', format: 'hostname' }, { yes: ['"www.example.com"'], no: ['"-a.com"'] });
  });
});

describe('numbers', () => {
  it('keeps integer bounds exactly', async () => {
    await judge(
      { type: 'integer', minimum: -12, maximum: 105 },
      {
        yes: ['-12', '-9', '0', '7', '10', '99', '100', '105'],
        no: ['-13', '106', '110', '-0', '00', '1.0', '1000', '-'],
      },
    );
    await judge({ type: 'integer', exclusiveMinimum: 5 }, { yes: ['6', '10', '4000'], no: ['5', '0', '-6'] });
    await judge({ type: 'integer', maximum: -3 }, { yes: ['-3', '-10'], no: ['-2', '0', '3'] });
    await judge({ type: 'integer', minimum: 0.5, maximum: 2.5 }, { yes: ['1', '2'], no: ['0', '3'] });
  });

  it('keeps decimal bounds exactly', async () => {
    await judge(
      { type: 'number', minimum: 0, maximum: 1 },
      {
        yes: ['0', '1', '0.5', '0.0', '0.999', '1.0'],
        no: ['1.01', '-0.1', '2', '1.', '.5', '1e0'],
      },
    );
    await judge(
      { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      { yes: ['0.01', '0.5'], no: ['0', '1', '0.0', '1.0'] },
    );
    await judge(
      { type: 'number', minimum: -1.25, maximum: 12.5 },
      {
        yes: ['-1.25', '-1.2', '-1', '-0.7', '0', '9.99', '12.5', '12.49', '12'],
        no: ['-1.26', '-2', '12.51', '13', '100'],
      },
    );
    await judge(
      { type: 'number', minimum: 19.99 },
      { yes: ['19.99', '20', '19.991', '500.5'], no: ['19.98', '19', '2', '-20'] },
    );
    await judge({ type: 'number', multipleOf: 0.01, minimum: 0 }, { yes: ['3.14', '3'], no: ['3.141'] });
    await judge({ type: 'number' }, { yes: ['-1.5e-7', '1e+21', '0.1'], no: ['1e', 'NaN', '1e999'] });
  });

  it('accepts exactly the integers of any range', async () => {
    const small = fc.integer({ min: -250, max: 1250 });
    await fc.assert(
      fc.asyncProperty(small, small, fc.array(small, { minLength: 20, maxLength: 20 }), async (a, b, values) => {
        const [minimum, maximum] = [Math.min(a, b), Math.max(a, b)];
        const matches = await matcherOf(
          llama,
          schemaToGrammar({ type: 'integer', minimum, maximum }, generationLimits),
        );
        for (const value of [...values, minimum, maximum, minimum - 1, maximum + 1]) {
          assert.equal(matches(String(value)), minimum <= value && value <= maximum, `${value}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('accepts exactly the hundredths of any range', async () => {
    const hundredth = fc.integer({ min: -2500, max: 12500 }).map((n) => n / 100);
    await fc.assert(
      fc.asyncProperty(
        hundredth,
        hundredth,
        fc.boolean(),
        fc.array(hundredth, { minLength: 20, maxLength: 20 }),
        async (a, b, exclusive, values) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b) + 0.01];
          const schema = exclusive
            ? { type: 'number', exclusiveMinimum: low, exclusiveMaximum: high }
            : { type: 'number', minimum: low, maximum: high };
          const validate = compileValidator(schema);
          const matches = await matcherOf(llama, schemaToGrammar(schema, generationLimits));
          for (const value of [...values, low, high, low + 0.005, high - 0.005].map((n) => Number(n.toFixed(3)))) {
            assert.equal(
              matches(JSON.stringify(value)),
              validate(value) === null,
              `${value} in ${JSON.stringify(schema)}`,
            );
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('combinations', () => {
  it('reads enum, const, lists of types and nullable', async () => {
    await judge(
      { enum: ['a "q"', 1, null, { b: [true] }] },
      { yes: ['"a \\"q\\""', '1', 'null', '{"b":[true]}'], no: ['2', '"b"'] },
    );
    await judge({ const: 'x\ny' }, { yes: ['"x\\ny"'] });
    await judge({ type: 'string', enum: ['a', 1] }, { yes: ['"a"'], no: ['1'] });
    await judge({ type: ['integer', 'null'] }, { yes: ['1', 'null'], no: ['"a"'] });
    await judge({ type: 'boolean', nullable: true }, { yes: ['true', 'null'], no: ['0'] });
    await judge({}, { yes: ['1', '"a"', '[1,{"a":[]}]', 'null'] }, { maxArrayItems: 4, maxStringLength: 5 });
  });

  it('reads anyOf and oneOf, with keywords beside them', async () => {
    await judge({ anyOf: [{ type: 'integer' }, { const: 'none' }] }, { yes: ['1', '"none"'], no: ['"x"'] });
    const schema = {
      type: 'object',
      properties: { kind: { type: 'string' }, a: { type: 'integer' }, b: { type: 'integer' } },
      required: ['kind'],
      oneOf: [
        { properties: { kind: { const: 'a' }, b: false }, required: ['a'] },
        { properties: { kind: { const: 'b' }, a: false }, required: ['b'] },
      ],
    };
    await judge(schema, {
      yes: ['{"kind":"a","a":1}', '{"kind":"b","b":1}'],
      no: ['{"kind":"a","b":1}', '{"kind":"a"}', '{"kind":"a","a":1,"b":1}'],
    });
  });

  it('drops cases that contradict each other', async () => {
    const schema = { const: 'a', anyOf: [{ const: 'a' }, { const: 'b' }] };
    await judge(schema, { yes: ['"a"'], no: ['"b"'] });
  });

  it('merges allOf', async () => {
    const schema = {
      $defs: { named: { type: 'object', properties: { name: { type: 'string', maxLength: 5 } }, required: ['name'] } },
      allOf: [
        { $ref: '#/$defs/named' },
        { properties: { age: { type: 'integer', minimum: 0 }, name: { minLength: 2 } } },
      ],
      properties: { age: { maximum: 9 } },
      required: ['age'],
    };
    await judge(schema, {
      yes: ['{"age":3,"name":"Bo"}'],
      no: ['{"age":10,"name":"Bo"}', '{"age":3,"name":"B"}', '{"age":3}'],
    });
  });

  it('follows references, recursive ones to maxDepth', async () => {
    const tree = {
      $defs: {
        node: {
          type: 'object',
          properties: {
            v: { $ref: '#/$defs/v' },
            kids: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 2 },
          },
          required: ['v'],
        },
        v: { type: 'integer', description: 'a/b' },
      },
      $ref: '#/$defs/node',
    };
    await judge(tree, {
      yes: ['{"v":1}', '{"v":1,"kids":[]}', '{"v":1,"kids":[{"v":2},{"v":3,"kids":[{"v":4}]}]}'],
      no: ['{"kids":[]}', '{"v":1,"kids":[{"v":1},{"v":1},{"v":1}]}'],
    });
    await judge(
      tree,
      {
        yes: ['{"v":1,"kids":[{"v":2}]}', '{"v":1,"kids":[{"v":2,"kids":[]}]}'],
        no: ['{"v":1,"kids":[{"v":2,"kids":[{"v":3}]}]}'],
      },
      { maxDepth: 2 },
    );
    const list = {
      type: 'object',
      properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
      required: ['next'],
    };
    await judge(list, { yes: ['{"next":null}', '{"next":{"next":null}}'], no: ['{"next":{}}'] });
    const extended = {
      ...list,
      properties: { next: { $ref: '#', description: 'again' }, end: { const: 1 } },
      required: [],
    };
    await judge(extended, { yes: ['{}', '{"next":{"end":1},"end":1}'] });
    assert.match(problem({ $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }), /refers to itself/);
    assert.match(problem({ $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' }), /refers to itself/);
    assert.match(problem({ anyOf: [{ $ref: '#' }, { type: 'null' }] }), /schema at #: refers to itself/);
    assert.match(problem({ properties: { x: { $ref: '#' } }, required: ['x'] }), /no value is valid/);
  });
});

describe('errors', () => {
  it('name the pointer and the likely spelling', () => {
    assert.match(
      problem({ properties: { 'a/b': { type: 'strng' } } }),
      /^schema at #\/properties\/a~1b\/type: "strng" is not a type\. Did you mean "string"\?/,
    );
    assert.match(
      problem({ $defs: { addr: {} }, $ref: '#/$defs/adr' }),
      /"#\/\$defs\/adr" does not exist\. Did you mean "addr"\?/,
    );
    assert.match(problem({ $ref: 'https://example.com/x.json' }), /is not in this schema, nor in a file beside it/);
    assert.match(problem({ minLength: 'x' }), /schema at #\/minLength: must be integer/);
    assert.match(problem({ type: 'integer', minimum: 3, maximum: 2 }), /no value is valid/);
    assert.match(problem({ enum: [] }), /schema at #\/enum: must NOT have fewer than 1 items|no value is valid/);
    assert.match(problem('x'), /a JSON Schema is an object/);
    assert.match(problem({ pattern: '^[a' }), /^schema at #\/pattern: Invalid regular expression/);
  });
});

// Random schemas, each with values that are valid for it and values that are not.
interface Case {
  readonly schema: Record<string, unknown>;
  readonly valid: fc.Arbitrary<unknown>;
  readonly invalid: fc.Arbitrary<unknown>;
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((s) => !s.includes('\x7f') && [...s].length <= 20);
const { schemas } = fc.letrec<{ schemas: Case }>((tie) => ({
  schemas: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<Case>({ schema: { type: 'boolean' }, valid: fc.boolean(), invalid: fc.constantFrom(null, 'true', 0) }),
    fc.constant<Case>({
      schema: { type: 'null' },
      valid: fc.constant(null),
      invalid: fc.constantFrom(false, 'null', {}),
    }),
    fc.constant<Case>({
      schema: { type: 'integer' },
      valid: fc.maxSafeInteger(),
      invalid: fc.constantFrom(0.5, '1', null),
    }),
    fc.constant<Case>({
      schema: { type: 'number' },
      valid: fc
        .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
        .map((x) => (Math.abs(x) < 1e-3 ? 0 : Number(x.toPrecision(12)))),
      invalid: fc.constantFrom('1', [], true),
    }),
    fc.constant<Case>({
      schema: { type: 'string', maxLength: 20 },
      valid: text,
      invalid: fc.constantFrom(1, 'x'.repeat(21), ['a']),
    }),
    fc.uniqueArray(text, { minLength: 1, maxLength: 4 }).map<Case>((values) => ({
      schema: { enum: values },
      valid: fc.constantFrom(...values),
      invalid: text.map((t) => `${t}${'x'.repeat(40)}`),
    })),
    fc.tuple(tie('schemas'), fc.nat(2), fc.nat(3)).map<Case>(([item, min, more]) => ({
      schema: { type: 'array', items: item.schema, minItems: min, maxItems: min + more },
      valid: fc.array(item.valid, { minLength: min, maxLength: min + more }),
      invalid: fc.oneof(
        fc.array(item.valid, { minLength: min + more + 1, maxLength: min + more + 2 }),
        fc.tuple(fc.array(item.valid, { minLength: min, maxLength: min }), item.invalid).map(([a, b]) => [...a, b]),
      ),
    })),
    fc.array(fc.tuple(text, tie('schemas'), fc.boolean()), { minLength: 1, maxLength: 5 }).map<Case>((drawn) => {
      // "__proto__" and integer-like names do not keep their place in a JavaScript object.
      const properties = [
        ...new Map(drawn.map(([name, sub, required]) => [`k${name}`, { name: `k${name}`, sub, required }])).values(),
      ];
      const required = properties.filter((p) => p.required).map((p) => p.name);
      const valid = fc
        .tuple(
          ...properties.map((p) =>
            fc.tuple(fc.constant(p.name), p.sub.valid, p.required ? fc.constant(true) : fc.boolean()),
          ),
        )
        .map((entries) =>
          Object.fromEntries(entries.filter(([, , present]) => present).map(([name, value]) => [name, value])),
        );
      const wrong = fc
        .constantFrom(...properties)
        .chain((p) => fc.tuple(valid, p.sub.invalid).map(([v, bad]) => ({ ...v, [p.name]: bad })));
      const extra = valid.map((v) => ({ ...v, unlisted: 1 }));
      const missing = required.map((name) => valid.map(({ [name]: _, ...rest }) => rest));
      return {
        schema: {
          type: 'object',
          properties: Object.fromEntries(properties.map((p) => [p.name, p.sub.schema])),
          required,
          additionalProperties: false,
        },
        valid,
        invalid: fc.oneof(wrong, extra, ...missing),
      };
    }),
  ),
}));

describe('random schemas', () => {
  it('accept their values as JSON.stringify writes them, refuse mutated ones, and generate only valid ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        schemas.chain(({ schema, valid, invalid }) =>
          fc.tuple(
            fc.constant(schema),
            fc.array(valid, { minLength: 4, maxLength: 4 }),
            fc.array(invalid, { minLength: 4, maxLength: 4 }),
          ),
        ),
        async ([schema, valid, invalid]) => {
          const grammar = schemaToGrammar(schema, generationLimits);
          const validate = compileValidator(schema);
          const matches = await matcherOf(llama, grammar);
          for (const value of valid) {
            assert.equal(validate(value), null);
            assert.ok(matches(JSON.stringify(value)), `refuses ${JSON.stringify(value)}\n${grammar}`);
          }
          for (const value of invalid) {
            assert.notEqual(validate(value), null);
            assert.ok(!matches(JSON.stringify(value)), `accepts ${JSON.stringify(value)}\n${grammar}`);
          }
          walkAndValidate(schema, grammar, matches, 5);
        },
      ),
      { numRuns: 150 },
    );
  });
});
