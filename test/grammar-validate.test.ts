import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compileValidator } from '../src/grammar/validate.js';

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

it('reads the draft that $schema names', () => {
  const tuple = { items: [{ type: 'string' }] };
  assert.equal(compileValidator({ $schema: 'http://json-schema.org/draft-07/schema#', ...tuple })(['a']), null);
  assert.throws(() => compileValidator(tuple), /not usable/);
  assert.throws(() => compileValidator({ $schema: 'http://json-schema.org/draft-03/schema#' }), /is not supported/);
});
