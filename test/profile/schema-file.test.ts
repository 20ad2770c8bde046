import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, it } from 'node:test';
import { z } from 'zod';
import { SlmError } from '../../src/errors.js';
import { compileValidator } from '../../src/grammar/validate.js';
import { loadProfile } from '../../src/profile/index.js';
import { runSlm, writeTask } from '../helpers/slm.js';

const folder = mkdtempSync(path.join(tmpdir(), 'slm-schema-'));
after(() => rmSync(folder, { recursive: true }));

/** A task with these files beside its task.yaml. */
async function load(task: string, files: Readonly<Record<string, string>> = {}) {
  const place = mkdtempSync(path.join(folder, 't-'));
  for (const [name, text] of Object.entries({ ...files, 'task.yaml': `name: t\ntype: generate\n${task}\n` })) {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), text);
  }
  return await loadProfile(path.join(place, 'task.yaml'), { folders: [], cwd: place });
}

async function problem(task: string, files?: Readonly<Record<string, string>>): Promise<string> {
  try {
    await load(task, files);
  } catch (error) {
    assert.ok(error instanceof SlmError, String(error));
    return error.message;
  }
  assert.fail('no error');
}

const api = `openapi: 3.0.3
components:
  examples: { one: { id: same }, two: { id: same } }
  schemas:
    Order:
      type: object
      required: [id, item]
      properties:
        id: { type: integer, minimum: 0, exclusiveMinimum: true }
        item: { $ref: 'defs/item.json' }
        note: { type: string, nullable: true, maxLenght: 20 }
`;
const files = {
  'api.yaml': api,
  'defs/item.json': '{"type": "object", "required": ["n"],\n "properties": {"n": {"$ref": "n.json#/definitions/n"}}}',
  'defs/n.json': '{"definitions": {"n": {"type": "integer",\n "maximum": 99}}}',
};

it('picks a schema out of an OpenAPI document, with the files that it refers to', async () => {
  const { schema, files: read, notes } = await load('schema: api.yaml#/components/schemas/Order', files);
  const check = compileValidator(schema);
  assert.equal(check({ id: 1, item: { n: 99 }, note: null }), null);
  assert.notEqual(check({ id: 0, item: { n: 1 } }), null);
  assert.match(check({ id: 1, item: { n: 100 } }) ?? '', /^at \/item\/n: must be <= 99/);
  assert.deepEqual(read.map((file) => path.basename(file)).sort(), ['api.yaml', 'item.json', 'n.json', 'task.yaml']);
  assert.match(notes?.join() ?? '', /^api\.yaml:11:\d+: .*unknown keyword "maxLenght".*Did you mean "maxLength"\?$/);
});

it('reads references relative to the file that they are in, and by the name of a remote one', async () => {
  const remote = { 'root.json': '{"$ref": "https://example.com/schemas/b.json"}', 'b.json': '{"type": "boolean"}' };
  const check = compileValidator((await load('schema: root.json', remote)).schema);
  assert.deepEqual([check(true), check(1) === null], [null, false]);
  const inline = await load('schema: { properties: { b: { $ref: b.json } } }', remote);
  assert.notEqual(compileValidator(inline.schema)({ b: 1 }), null);
});

it('names file and line of what is wrong, also in files that are referred to', async () => {
  assert.match(
    await problem('schema: api.yaml#/components/schemas/Order', {
      ...files,
      'defs/n.json': '{"definitions": {"n": {\n "maximum": "x"}}}',
    }),
    /^defs\/n\.json:2:2: schema at .*: must be number\./,
  );
  assert.match(
    await problem('schema: s.json', { 's.json': '{\n "properties": {\n  "a": {"$ref": "#/$defs/x"}}}' }),
    /^s\.json:3:9: schema at #\/properties\/a\/\$ref: "#\/\$defs\/x" does not exist/,
  );
  assert.match(await problem('schema: { type: strng }'), /^task\.yaml:3:11: schema at #\/type: "strng" is not a type/);
  assert.match(
    await problem('schema: api.yaml#/components/schemas/Ordr', files),
    /^api\.yaml: nothing at "#\/components\/schemas\/Ordr"\. Did you mean "Order"\?/,
  );
  assert.match(
    await problem('schema: { type: object, properties: { a: { $ref: "https://example.com/x.json" } } }'),
    /is not in this schema, nor in a file beside it/,
  );
});

it('refuses what a run would refuse: no value, bad limits, examples that break the schema', async () => {
  for (const schema of [
    '{ type: integer, minimum: 3, maximum: 2 }',
    '{ enum: [] }',
    '{ pattern: "^[a" }',
    '{ $ref: "#" }',
    '{ minLength: -1 }',
  ]) {
    assert.match(await problem(`schema: ${schema}`), /^task\.yaml:3:\d+: schema at #/, schema);
  }
  assert.match(
    await problem('schema: { type: integer }\nexamples: [{ text: a, output: "x" }]'),
    /^task\.yaml:4: example "examples\[0\]": the output/,
  );
  assert.equal((await load('schema: { type: integer, minimum: 9007199254740993 }')).type, 'generate');
});

it('reads what Zod and generators for TypeScript export', async () => {
  const order = z.object({
    id: z.int().positive(),
    mail: z.email(),
    state: z.enum(['open', 'paid']),
    lines: z.array(z.object({ item: z.string().min(1), price: z.number().multipleOf(0.01) })).nonempty(),
    note: z.string().nullable().optional(),
  });
  const good = { id: 1, mail: 'a@b.example', state: 'open', lines: [{ item: 'pen', price: 1.99 }], note: null };
  const zod = { 'order.json': JSON.stringify(z.toJSONSchema(order)) };
  // As typescript-json-schema and ts-json-schema-generator write `interface Order`.
  const exported = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $ref: '#/definitions/Order',
    definitions: {
      Order: {
        type: 'object',
        properties: {
          id: { type: 'number' },
          mail: { type: 'string' },
          state: { $ref: '#/definitions/State' },
          lines: { type: 'array', items: { $ref: '#/definitions/Pick%3CLine%2C%22item%22%7C%22price%22%3E' } },
          note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        },
        required: ['id', 'mail', 'state', 'lines'],
        additionalProperties: false,
      },
      State: { type: 'string', enum: ['open', 'paid'] },
      'Pick<Line,"item"|"price">': {
        type: 'object',
        properties: { item: { type: 'string' }, price: { type: 'number' } },
        required: ['item', 'price'],
      },
    },
  };
  for (const files of [zod, { 'order.json': JSON.stringify(exported) }]) {
    const check = compileValidator((await load('schema: order.json', files)).schema);
    assert.equal(check(good), null);
    assert.match(check({ ...good, state: 'lost' }) ?? '', /^at \/state/);
    assert.match(check({ ...good, lines: [{ item: 'pen' }] }) ?? '', /^at \/lines\/0: must have required/);
  }
  const picked = await load('schema: order.json#/definitions/State', { 'order.json': JSON.stringify(exported) });
  assert.deepEqual(
    [compileValidator(picked.schema)('paid'), compileValidator(picked.schema)(1) === null],
    [null, false],
  );
});

it('refuses a schema of schemas with a vocabulary of its own, and a folder is no file', async () => {
  const files = {
    'own.json': '{"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/core": true}}',
    's.json': '{"$schema": "https://example.com/own.json", "type": "integer"}',
    'x/y.json': '{}',
  };
  assert.match(await problem('schema: s.json', files), /^own\.json: a meta-schema with a "\$vocabulary"/);
  assert.match(await problem('schema: { $ref: x }', files), /is not in this schema, nor in a file beside it/);
});

it('notes keywords and formats that look like a slip; with --strict they are errors', async () => {
  const task = writeTask('slip', {
    'task.yaml': 'name: slip\ntype: generate\nschema: { type: string, maxLenght: 3, format: dat, colour: red }\n',
  });
  const noted = await runSlm(['tasks', 'validate', task]);
  assert.equal(noted.code, 0);
  assert.match(noted.stdout, /^ok\tslip/);
  assert.match(noted.stderr, /3:\d+: schema at #\/maxLenght: unknown keyword "maxLenght".*Did you mean "maxLength"\?/);
  assert.match(noted.stderr, /unknown format "dat".*Did you mean "date"\?/);
  assert.doesNotMatch(noted.stderr, /colour/);
  const strict = await runSlm(['tasks', 'validate', '--strict', task]);
  assert.deepEqual([strict.code, strict.stdout], [2, '']);
});

it('refuses values with more digits than a number keeps, with their place', async () => {
  const places: Readonly<Record<string, RegExp>> = {
    'const: 9007199254740993': /^task\.yaml:3:\d+: .*9007199254740993 .* would become 9007199254740992\.$/u,
    'enum: [1, 12345678901234567890]': /^task\.yaml:3:\d+: .*enum\/1: 12345678901234567890 /u,
    'const: { a: [0.10000000000000000001] }': /^task\.yaml:3:\d+: .*const\/a\/0: 0\.10000000000000000001 /u,
    'enum: [1e400]': /^task\.yaml:3:\d+: .*it is too large\.$/u,
    'enum: [0x20000000000001]': /9007199254740993 has more digits/u,
    'properties: { enum: { anyOf: [{ const: 9007199254740993 }] } }': /enum\/anyOf\/0\/const: 9007199254740993 /u,
  };
  for (const [keywords, message] of Object.entries(places)) {
    assert.match(await problem(`schema: { ${keywords} }`), message, keywords);
  }
  for (const name of ['s.json', 's.yaml']) {
    const said = await problem(`schema: ${name}`, { [name]: '{"properties":\n {"a": {"enum": [9007199254740993]}}}' });
    assert.match(said, new RegExp(`^${name.replace('.', '\\.')}:2:\\d+: .*9007199254740993 has more digits`, 'u'));
  }
});

it('takes numbers however they are written, and bounds as the nearest ones beside their digits', async () => {
  const keywords = '"enum": [1.0, 5e0, 12345678901234567000], "maximum": 9223372036854775807, "minimum": 1.0';
  for (const task of [`schema: { ${keywords} }`, 'schema: s.json', 'schema: s.yaml']) {
    const { schema } = await load(task, { 's.json': `{${keywords}}`, 's.yaml': `{${keywords}}` });
    const digits = { 'x-digits': { maximum: '9223372036854775807' } };
    assert.deepEqual(schema, { enum: [1, 5, 12345678901234567000], maximum: 2 ** 63, minimum: 1, ...digits });
  }
});

it('keeps all digits of inline examples, beside settings that are plain numbers', async () => {
  const row = '{ text: a, id: 12345678901234567890, output: { n: 9007199254740993, x: 0.12345678901234567890 } }';
  const { fixtures, options, metrics } = await load(
    `schema: { type: object }\noptions: { shots: 2.00000000000000000001 }\nmetrics: { valid: 0.33333333333333333333 }\nfixtures: [${row}]`,
  );
  assert.deepEqual(
    fixtures.map(({ gold, record }) => [record.id, gold]),
    [['12345678901234567890', { type: 'generate', output: '{"n":9007199254740993,"x":0.12345678901234567890}' }]],
  );
  assert.equal(options.shots, 2);
  assert.match(JSON.stringify(metrics), /0\.3333333333333333\D/u);
});

it('may stand in a folder and in a file with # and % in their names', async () => {
  const place = mkdtempSync(path.join(folder, 'c#-100%-'));
  const inner = path.join(place, 'x#y');
  mkdirSync(inner);
  writeFileSync(path.join(inner, '50%.json'), '{"type": "integer"}');
  writeFileSync(
    path.join(inner, 'a.json'),
    '{"$defs": {"a/b": {"type": "object", "properties": {"n": {"$ref": "50%.json"}}}}}',
  );
  const loaded = async (schema: string) => {
    writeFileSync(path.join(place, 'task.yaml'), `name: t\ntype: generate\nschema: ${JSON.stringify(schema)}\n`);
    return loadProfile(path.join(place, 'task.yaml'), { folders: [], cwd: place });
  };
  const check = compileValidator((await loaded('x#y/a.json#/$defs/a~1b')).schema);
  assert.equal(check({ n: 1 }), null);
  assert.notEqual(check({ n: 'x' }), null);
  assert.equal(compileValidator((await loaded('x#y/50%.json')).schema)(1), null);
  await assert.rejects(loaded('x#y/b.json#/$defs/a'), /task\.yaml:3:1: no file "x#y\/b\.json"/u);
});
