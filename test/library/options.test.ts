import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { z } from 'zod';
import * as library from '../../src/index.js';
import { compareSchema } from '../../src/library/compare.js';
import { evaluateSchema } from '../../src/library/evaluate.js';
import { openSchema, type streamSchema } from '../../src/library/open.js';
import { placeSchema } from '../../src/library/surroundings.js';
import { tuneSchema } from '../../src/library/tune.js';
import { readers } from '../../src/records/index.js';
import { tempFolder } from '../helpers/slm.js';

type Call = (options: unknown) => unknown;
const nowhere = './nowhere.gguf';

/** Every exported function that takes options, with what it must be given beside a wrong one. */
const calls: Readonly<Record<string, { call: Call; needed?: object; schema: z.ZodObject }>> = {
  open: { call: (options) => library.open('sentiment', options as never), schema: openSchema },
  evaluate: { call: (options) => library.evaluate('sentiment', options as never), schema: evaluateSchema },
  compare: {
    call: (options) => library.compare('sentiment', options as never),
    needed: { models: [nowhere, 'x'] },
    schema: compareSchema,
  },
  tune: { call: (options) => library.tune('sentiment', options as never), schema: tuneSchema },
  resolveModel: { call: (options) => library.resolveModel(nowhere, options as never), schema: placeSchema },
  listTasks: { call: (options) => library.listTasks(options as never), schema: placeSchema },
};

/** Values that the options of these names cannot have; the command line refuses all those that can be written there. */
const wrong: Readonly<Record<string, readonly unknown[]>> = {
  cwd: ['', 3, null],
  env: ['PATH', null, { SLM_OFFLINE: 1 }],
  offline: ['yes', 1, null],
  signal: [{}, 'now', null, new AbortController()],
  onEvent: ['log', {}, null],
  model: ['', 7, null],
  models: ['a,b', [''], [3], null],
  threads: [0, -1, 1.5, '4', Number.NaN, null],
  contextSize: [63, '2048', Number.POSITIVE_INFINITY],
  gpu: ['', 'metall', true],
  threshold: [7, -0.1, '0.5x', '0.5', Number.NaN],
  among: [[], 'good', [1]],
  documents: ['notes.md', [4]],
  untuned: ['no', 0],
  offsets: ['utf-16', 'UTF16', null],
  data: ['', 7, [null], [['a']], ['a text'], {}],
  dataFormat: ['xml', ''],
  field: ['', 2],
  labelField: ['', 2],
  labelMap: [[], 'a=b', { a: 1 }, new Map([['a', 'b']])],
  columns: [[], 'a,b'],
  delimiter: ['', 'ab', '"', '\n', 3],
  encoding: ['', 8],
  limit: [0, -1, 2.5, '10'],
  seed: [-1, 0.5, '1'],
  baseline: ['', 1],
  gate: ['accuracy >= 0.9', [3]],
  teacher: ['', 1],
  unlabelled: ['', []],
  embedder: ['', 1],
  method: ['heads', ''],
  budgetMs: [-5, 0, '10m', 2 ** 31, Number.NaN],
  precision: [0, 1, 1.2, '0.9'],
  coverage: [0, 1, 2],
  take: ['first', ''],
  layers: [0, 2.5],
  words: ['no', 1],
  compare: ['no', 1],
  into: ['', 1],
};

function optionsWith(t: TestContext, needed: object | undefined, more: object) {
  const cwd = tempFolder(t);
  return {
    cwd,
    env: { XDG_CONFIG_HOME: cwd, XDG_CACHE_HOME: cwd, XDG_DATA_HOME: cwd },
    offline: true,
    ...needed,
    ...more,
  };
}

describe('an option that cannot be', () => {
  for (const [name, { call, needed, schema }] of Object.entries(calls)) {
    it(`is refused by ${name}, with what was found and what was expected`, async (t) => {
      for (const key of Object.keys(schema.shape)) {
        const values = wrong[key];
        assert.ok(values !== undefined, `the test has wrong values of "${key}"`);
        for (const value of values) {
          await assert.rejects(
            async () => call(optionsWith(t, needed, { [key]: value })),
            (error: library.SlmError) => {
              assert.equal(error.code, 'SLM_USAGE', `${key}: ${error.message}`);
              assert.match(error.message, new RegExp(`^${name}: the option "${key}.* is .+; expected `, 'u'));
              return true;
            },
          );
        }
      }
    });

    it(`is refused by ${name} when nothing is called so, with the name that was meant`, async (t) => {
      const misspelt = Object.keys(schema.shape).find((key) => key !== 'cwd') as string;
      await assert.rejects(async () => call(optionsWith(t, needed, { [`${misspelt}z`]: 1 })), {
        code: 'SLM_USAGE',
        message: `${name}: unknown option "${misspelt}z". Did you mean "${misspelt}"?`,
      });
    });

    it(`is refused by ${name} when the options are no object`, async () => {
      for (const options of [null, 'good', 5, ['good']])
        await assert.rejects(async () => call(options), { code: 'SLM_USAGE', message: /^\w+: the options are / });
    });
  }

  it('is one of another function, too: tuning has no threshold, and comparing no single model', async () => {
    for (const key of ['threshold', 'among', 'documents', 'untuned', 'offsets'])
      await assert.rejects(library.tune('sentiment', { [key]: 0.5 } as never), {
        message: new RegExp(`^tune: unknown option "${key}"\\.`),
      });
    await assert.rejects(library.compare('sentiment', { models: ['a', 'b'], model: 'a' } as never), {
      message: 'compare: unknown option "model". Did you mean "models"?',
    });
  });

  it('is a share beside another one', async () => {
    await assert.rejects(library.tune('sentiment', { precision: 0.9, coverage: 0.9 }), { code: 'SLM_USAGE' });
  });
});

describe('a signal that is aborted already', () => {
  for (const [name, { call, needed }] of Object.entries(calls)) {
    it(`ends ${name} with its reason before anything is begun`, async (t) => {
      const reason = new Error('too late');
      const options = optionsWith(t, needed, { signal: AbortSignal.abort(reason) });
      await assert.rejects(async () => call(options), reason);
    });
  }
});

describe('a task or model that is no text', () => {
  for (const value of [null, undefined, 5, '', {}]) {
    it(`is refused: ${JSON.stringify(value)}`, async () => {
      for (const call of [
        () => library.open(value as never),
        () => library.evaluate(value as never),
        () => library.compare(value as never, { models: ['a', 'b'] }),
        () => library.tune(value as never),
        () => library.resolveModel(value as never),
      ])
        await assert.rejects(call, {
          code: 'SLM_USAGE',
          message: /: the (task|model) is .+; expected a name or a path$/,
        });
    });
  }
});

describe('options that can be', () => {
  it('may be undefined, and their values are those of the command line', () => {
    for (const options of [{}, { model: undefined, threads: 1, contextSize: 64, threshold: 0, offsets: 'byte' }])
      assert.equal(openSchema.safeParse(options).success, true);
    const formats = Object.values(readers).flatMap(({ labelled, name }) => (labelled ? [name] : []));
    for (const dataFormat of formats) assert.equal(evaluateSchema.safeParse({ dataFormat }).success, true, dataFormat);
    for (const delimiter of [';', '\t', '||'])
      assert.equal(evaluateSchema.safeParse({ delimiter }).success, true, delimiter);
    assert.equal(openSchema.safeParse({ env: process.env, signal: new AbortController().signal }).success, true);
  });

  it('have the types that their schemas say', () => {
    // The compiler checks these: a schema that takes less than the type says does not compile.
    type Values<T> = { [Key in keyof Required<T>]: Exclude<T[Key], undefined> };
    type Same<A, B> = [Values<A>] extends [Values<B>] ? ([Values<B>] extends [Values<A>] ? true : false) : false;
    const same: [
      Same<z.output<typeof openSchema>, library.OpenOptions>,
      Same<z.output<typeof streamSchema>, library.StreamOptions>,
      Same<z.output<typeof evaluateSchema>, library.EvaluateOptions>,
      Same<z.output<typeof compareSchema>, library.CompareOptions>,
      Same<z.output<typeof tuneSchema>, library.TuneOptions>,
      Same<z.output<typeof placeSchema>, library.PlaceOptions>,
    ] = [true, true, true, true, true, true];
    assert.equal(same.length, 6);
  });
});
