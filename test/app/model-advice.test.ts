import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { advisedFor, parametersOf } from '../../src/app/model-advice.js';
import { adviceText } from '../../src/cli/models/advice-table.js';
import { type MeasuredFigure, readCatalogue } from '../../src/models/index.js';
import { taskTypes } from '../../src/task-types/index.js';

const root = path.resolve(import.meta.dirname, '../..');

const figure = (value: number, tuned = false): MeasuredFigure => ({
  type: 'classify',
  data: 'SST-2 dev',
  tuned,
  metric: 'accuracy',
  value,
  n: 100,
});

describe('advice on models', () => {
  it('takes the best of those that fit, tuned and as they are', () => {
    const models = [
      { name: 'small', fits: true, measured: [figure(0.8, true), figure(0.6)] },
      { name: 'middle', fits: true, measured: [figure(0.7)] },
      { name: 'large', fits: false, measured: [figure(0.99)] },
    ];
    const { tuned, untuned } = advisedFor('classify', models);
    assert.deepEqual([tuned?.model, untuned?.model], ['small', 'middle']);
    assert.deepEqual(advisedFor('extract', models), { type: 'extract', tuned: null, untuned: null });
  });

  it('reads sizes as people say them', () => {
    assert.deepEqual(['270M', '1.5B', 'E2B', '8x7B', 'large', null].map(parametersOf), [
      270e6,
      1.5e9,
      2e9,
      56e9,
      null,
      null,
    ]);
  });

  it('rests on figures of one data set and metric a task type, one a model and way', () => {
    const catalogue = readCatalogue({ configDir: '/nowhere', builtinDir: path.join(root, 'models') }, assert.fail);
    const rows = catalogue.flatMap(({ name, measured }) => measured.map((row) => ({ name, ...row })));
    assert.ok(rows.length > 10);
    const ways = rows.map(({ name, type, tuned }) => `${name} ${type} ${tuned}`);
    assert.equal(new Set(ways).size, ways.length);
    const data = new Set(rows.map(({ type, data, metric }) => `${type} ${data} ${metric}`));
    assert.equal(data.size, new Set(rows.map(({ type }) => type)).size);
    for (const { name, type, interval, value } of rows) {
      assert.ok(type in taskTypes, name);
      if (interval !== undefined) assert.ok(interval[0] < value && value < interval[1], name);
    }
  });

  const small = {
    name: 'small',
    installed: true,
    bytes: 250e6,
    memory: 500e6,
    fits: true,
    tokensPerSecond: 712.3,
    speed: 'estimated' as 'estimated' | 'measured',
    generatedPerSecond: null as number | null,
    memoryUsed: null as number | null,
    measured: [figure(0.8, true)],
  };
  const machine = { memory: 8e9, free: 4e9, threads: 2 };

  it('shows what was measured beside what is estimated', () => {
    const used = { speed: 'measured' as const, generatedPerSecond: 61.2, memoryUsed: 612e6 };
    const other = { ...small, name: 'other', installed: false };
    const text = adviceText({ machine, contextTokens: 2048, models: [{ ...small, ...used }, other], advised: [] });
    assert.match(text, /TOKENS\/S +GENERATED\/S +USED +INSTALLED/u);
    assert.match(text, /small .* yes +710 +61 +612 MB +yes/u);
    assert.match(text, /other .* yes +~710 +no/u);
  });

  it('says what is estimated, and what was not measured', () => {
    const text = adviceText({
      machine,
      contextTokens: 2048,
      models: [small],
      advised: [
        { type: 'classify', tuned: { model: 'small', figure: figure(0.8, true) }, untuned: null },
        { type: 'extract', tuned: null, untuned: null },
      ],
    });
    assert.match(text, /^This machine: 8\.0 GB of memory, 4\.0 GB of it free, 2 threads\./u);
    assert.match(text, /small +250 MB +500 MB +yes +~710 +yes +classify 0\.800 tuned/u);
    assert.match(
      text,
      /classify: tuned small \(SST-2 dev: accuracy 0\.800, n = 100\)\nextract: no model that fits this machine was/u,
    );
  });
});
