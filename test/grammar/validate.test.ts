import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readDocument } from '../../src/grammar/document.js';
import { schemaNotes } from '../../src/grammar/schema-check.js';
import { compileValidator } from '../../src/grammar/validate.js';

it('says the first problem with its place', () => {
  const validate = compileValidator({
    type: 'object',
    properties: {
      items: {
        type: 'array',
        uniqueItems: true,
        items: { properties: { price: { type: 'number' }, day: { format: 'date' } } },
      },
      kind: { enum: ['a', 'b'] },
    },
    required: ['items'],
    additionalProperties: false,
  });
  assert.equal(validate({ items: [{ price: 1.5, day: '2024-02-29' }] }), null);
  assert.equal(validate({ items: [{ price: '1' }] }), 'at /items/0/price: must be number');
  assert.equal(validate({ items: [{ day: '2023-02-29' }] }), 'at /items/0/day: must match format "date"');
  assert.equal(validate({}), "at the top level: must have required property 'items'");
  assert.equal(validate({ items: [], kind: 'c' }), 'at /kind: must be equal to one of the allowed values ("a","b")');
  assert.equal(validate({ items: [], x: 1 }), 'at the top level: must NOT have additional properties, has "x"');
  assert.match(validate({ items: [1, 1] }) ?? '', /^at \/items: must NOT have duplicate items/);
});

it('reads the draft that $schema names, and without it the newest one that fits', () => {
  const draft = (name: string) => `http://json-schema.org/${name}/schema#`;
  const tuple = { items: [{ type: 'string' }] };
  for (const $schema of [draft('draft-04'), draft('draft-06'), draft('draft-07')]) {
    assert.equal(compileValidator({ $schema, ...tuple })(['a']), null, $schema);
    assert.notEqual(compileValidator({ $schema, ...tuple })([1]), null, $schema);
  }
  assert.notEqual(compileValidator(tuple)([1]), null);
  const bound = compileValidator({ minimum: 3, exclusiveMinimum: true });
  assert.equal(bound(4), null);
  assert.notEqual(bound(3), null);
  assert.notEqual(compileValidator({ prefixItems: [{ type: 'string' }] })([1]), null);
  assert.equal(
    compileValidator({ $schema: 'https://example.com/own', prefixItems: [{ type: 'string' }] })(['a']),
    null,
  );
});

it('ignores keywords beside $ref up to draft 7, and only there', () => {
  const schema = { $defs: { a: {} }, $ref: '#/$defs/a', type: 'string' };
  assert.notEqual(compileValidator(schema)(1), null);
  assert.equal(compileValidator({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema })(1), null);
});

it('takes unknown keywords and formats for annotations, and null for "nullable" without a type', () => {
  const schema = { id: 'x', links: [], javaType: 'T', type: 'string', format: 'color', propertyOrder: 1 };
  assert.equal(compileValidator(schema)('blue'), null);
  assert.equal(compileValidator({ type: 'integer', format: 'int32' })(2 ** 40), null);
  const open = compileValidator({ nullable: true, allOf: [{ type: 'string' }] });
  assert.deepEqual([open(null), open('a')], [null, null]);
  assert.notEqual(open(1), null);
  assert.notEqual(compileValidator({ properties: { toString: { type: 'string' } }, required: ['toString'] })({}), null);
  assert.equal(compileValidator({ properties: { toString: { type: 'string' } } })({}), null);
});

it('follows a dynamic reference to the outermost schema that has its anchor', () => {
  const tree = {
    $id: 'https://example.com/strict',
    $dynamicAnchor: 'node',
    $ref: 'tree',
    unevaluatedProperties: false,
    $defs: {
      tree: {
        $id: 'tree',
        $dynamicAnchor: 'node',
        properties: { data: true, children: { items: { $dynamicRef: '#node' } } },
      },
    },
  };
  const check = compileValidator(tree);
  assert.equal(check({ children: [{ data: 1 }] }), null);
  assert.match(check({ children: [{ daat: 1 }] }) ?? '', /^at \/children\/0/);
  const plain = compileValidator({
    $schema: 'https://json-schema.org/draft/2019-09/schema',
    anyOf: [{ type: 'integer' }, { type: 'array', items: { $recursiveRef: '#' } }],
  });
  assert.deepEqual([plain([1, [2]]), plain([1, ['x']]) === null], [null, false]);
});

it('resolves references by the $id around them, whatever Ajv makes of it', () => {
  const check = compileValidator({
    $id: 'https://example.com/a.json',
    $defs: { x: { $id: 'b/', $defs: { inner: { $id: 'c.json', type: 'integer' } }, $ref: 'c.json' } },
    properties: {
      n: { $ref: 'b/' },
      same: { $id: 'd.json', type: 'string' },
      twice: { $id: 'd.json', type: 'string' },
    },
  });
  assert.deepEqual([check({ n: 1 }), check({ n: 'x' })], [null, 'at /n: must be integer']);
});

it('counts multiples as they are written, also far from 1', () => {
  const check = compileValidator({ multipleOf: 0.01 });
  assert.deepEqual([check(0.94), check(19.99), check(1e20)], [null, null, null]);
  assert.equal(check(0.945), 'at the top level: must be multiple of 0.01');
  assert.notEqual(compileValidator({ multipleOf: 0.123456789 })(1e308), null);
});

it('checks a property that is called __proto__', () => {
  const schema: unknown = JSON.parse('{"properties":{"__proto__":{"type":"number"}}}');
  const check = compileValidator(schema);
  assert.deepEqual(
    [check(JSON.parse('{"__proto__":1}')), check(JSON.parse('{"__proto__":"x"}')) === null],
    [null, false],
  );
});

it('knows what a condition alone has evaluated, and what a case of anyOf has', () => {
  const bar = { properties: { foo: { const: 'a' } } };
  const condition = compileValidator({ if: bar, unevaluatedProperties: false });
  assert.deepEqual([condition({ foo: 'a' }), condition({ foo: 'b' }) === null], [null, false]);
  const items = compileValidator({
    anyOf: [{ items: { type: 'string' } }, true],
    unevaluatedItems: { type: 'boolean' },
  });
  assert.deepEqual([items(['a', 'b']), items([true]), items(['a', 1]) === null], [null, null, false]);
  assert.throws(() => compileValidator({ contains: { const: 1 }, unevaluatedItems: false }), /cannot be checked/);
});

it('notes no slips in the objects of OpenAPI that are no schemas', () => {
  const schema = {
    anyOf: [{ type: 'object', properties: { kind: { const: 'a' } }, required: ['kind'] }],
    discriminator: { propertyName: 'kind', mapping: { formats: 'a' } },
    xml: { nam: 'x', requird: true },
    externalDocs: { requird: 'x' },
  };
  assert.deepEqual(schemaNotes(readDocument(schema)), []);
  assert.equal(schemaNotes(readDocument({ anyOf: [{ requird: ['a'] }] })).length, 1);
});
