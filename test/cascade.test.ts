import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { chooseThresholds, type StageOutputs } from '../src/cascade/choose.js';
import { cascadeOf, cascadeReference, modelsOf } from '../src/cascade-reference.js';
import { usageError } from '../src/errors.js';
import { evaluate } from '../src/evaluate/evaluate.js';
import type { Predictor } from '../src/methods/types.js';
import { openedStages, predict, type Stage, type Task } from '../src/predict.js';
import { cascadeFile, findCascadeSettings, writeCascadeSettings } from '../src/profile/cascade-settings.js';
import { createStageTurns } from '../src/stage-turns.js';
import { taskTypes } from '../src/task-types/index.js';
import type { InputRecord, Output, Pair } from '../src/types.js';
import { fakeEngine } from './helpers/fake-engine.js';
import { metricNamed } from './helpers/metrics.js';
import { labelled, profileWith } from './helpers/profiles.js';
import { tempFolder } from './helpers/slm.js';

function say(label: string, score: number): Output {
  const other = label === 'positive' ? 'negative' : 'positive';
  return { type: 'classify', labels: [label], abstained: false, score, scores: { [label]: score, [other]: 1 - score } };
}

describe('the reference of a cascade', () => {
  it('names its models in order, with thresholds or without', () => {
    assert.deepEqual(cascadeOf('cascade:small+large'), [
      { model: 'small', atLeast: null },
      { model: 'large', atLeast: null },
    ]);
    assert.deepEqual(
      cascadeOf('cascade:a@0.95+b@.5+c')?.map(({ atLeast }) => atLeast),
      [0.95, 0.5, null],
    );
    assert.equal(cascadeOf('gemma-3-270m'), null);
    assert.equal(cascadeReference(['a', 'b']), 'cascade:a+b');
    assert.deepEqual([modelsOf('cascade:a@0.9+b'), modelsOf('a')], [['a', 'b'], ['a']]);
    // An address may have an @ of its own.
    assert.equal(cascadeOf('cascade:hf:o/r@main/f.gguf+b')?.[0]?.model, 'hf:o/r@main/f.gguf');
  });

  it('is refused where it makes no sense', () => {
    const refused = (reference: string, message: RegExp) => assert.throws(() => cascadeOf(reference), message);
    refused('cascade:a', /has only one model/u);
    refused('cascade:a+', /a part without a model/u);
    refused('cascade:a+a', /a model twice/u);
    refused('cascade:a+b@0.5', /a threshold for its last model/u);
    refused('cascade:a@0.5+b+c', /for some of its models only/u);
    for (const threshold of ['1.5', '7', '-1']) refused(`cascade:a@${threshold}+b`, /not between 0 and 1/u);
  });
});

/** A cascade of two models that say what the test wants, by text. */
function cascade(small: Readonly<Record<string, Output>>, large: Readonly<Record<string, Output>>, atLeast: number) {
  const asked = { small: [] as string[], large: [] as string[] };
  const newTurn = createStageTurns(() => 0);
  const taskOn = (name: 'small' | 'large', outputs: Readonly<Record<string, Output>>, stage: Partial<Stage>): Task => {
    const turn = newTurn();
    const engine = fakeEngine();
    const predictor: Predictor = {
      maxPieceTokens: null,
      async predict({ record }) {
        asked[name].push(record.text);
        const output = outputs[record.text];
        if (output === undefined) throw new Error('too difficult');
        return { output, explanation: [{ title: 'prompt', body: name }] };
      },
      decide: (output) => output,
    };
    return {
      profile: profileWith(),
      engine: { ...engine, model: { ...engine.model, name: name === 'small' ? 'cascade:small+large' : name } },
      predictor,
      constants: '',
      documents: [],
      fallback: null,
      stage: { model: name, atLeast: null, next: null, take: turn.take, seconds: turn.seconds, ...stage },
    };
  };
  let opened: Task | null = null;
  const next = {
    open: async () => {
      opened ??= taskOn('large', large, {});
      return opened;
    },
    opened: () => opened,
  };
  return { task: taskOn('small', small, { atLeast, next }), asked };
}

async function* recordsOf(texts: readonly string[]): AsyncIterable<InputRecord> {
  for (const [i, text] of texts.entries()) yield { ...labelled(text, 'positive').record, index: i };
}

describe('a cascade', () => {
  const small = { sure: say('positive', 0.95), edge: say('positive', 0.9), unsure: say('positive', 0.6) };
  const large = { unsure: say('negative', 0.8) };

  it('passes on what the small model is not sure of, and says who answered, in order', async () => {
    const { task, asked } = cascade(small, large, 0.9);
    assert.equal(openedStages(task).length, 1);
    const found: (string | undefined)[][] = [];
    for await (const { output } of predict(task, recordsOf(['unsure', 'sure', 'edge', '']), {
      explain: false,
      now: () => 0,
    })) {
      found.push([output?.model, output?.type === 'classify' ? output.labels[0] : undefined]);
    }
    assert.deepEqual(found, [
      ['large', 'negative'],
      ['small', 'positive'],
      ['small', 'positive'],
      ['small', undefined],
    ]);
    assert.deepEqual(asked, { small: ['unsure', 'sure', 'edge'], large: ['unsure'] });
    assert.equal(openedStages(task).length, 2);
  });

  it('opens the large model for nothing that the small one is sure of', async () => {
    const { task } = cascade(small, large, 0.5);
    for await (const _ of predict(task, recordsOf(['sure', 'unsure']), { explain: false, now: () => 0 }));
    assert.equal(openedStages(task).length, 1);
  });

  it('ends where its large model is refused, with that very error: every record would have it', async () => {
    const { task } = cascade(small, large, 0.9);
    const problem = usageError('the thresholds no longer fit');
    const next = { open: () => Promise.reject(problem), opened: () => null };
    const broken: Task = { ...task, stage: { ...(task.stage as Stage), next } };
    const found: Output[] = [];
    const all = async () => {
      const records = recordsOf(['sure', 'unsure', 'edge']);
      for await (const { output } of predict(broken, records, { explain: false, now: () => 0 }))
        found.push(output as Output);
    };
    await assert.rejects(all(), (error) => error === problem);
    assert.equal(found.length, 1);
  });

  it('explains both, and why it was passed on', async () => {
    const { task } = cascade(small, large, 0.9);
    for await (const { explanation } of predict(task, recordsOf(['unsure']), { explain: true, now: () => 0 })) {
      assert.deepEqual(
        explanation?.map(({ title }) => title),
        ['small: prompt', 'small passes it on', 'large: prompt'],
      );
      assert.match(explanation?.[1]?.body ?? '', /certainty 0\.6000, wanted at least 0\.9/u);
    }
  });

  it('has in its report what each model did', async () => {
    const { task } = cascade({ ...small, fails: say('negative', 0.1) }, large, 0.9);
    const report = await evaluate(
      task,
      ['sure', 'edge', 'unsure', 'fails'].map((text) => labelled(text, 'positive')),
      { source: 'x', seed: 1, now: () => 1, peakMemoryBytes: () => 1, onProgress: () => undefined },
    );
    assert.deepEqual(report.model, { name: 'cascade:small+large', sha256: null });
    assert.equal(report.failed, 1);
    assert.deepEqual(report.stages, [
      { model: 'small', atLeast: 0.9, asked: 3, answered: 2, right: 2, seconds: 0 },
      { model: 'large', atLeast: null, asked: 1, answered: 1, right: 0, seconds: 0 },
    ]);
  });
});

describe('the turns of models', () => {
  const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

  it('let only one model work at a time, on all that comes', async () => {
    const newTurn = createStageTurns(() => 0);
    const [a, b] = [newTurn(), newTurn()];
    const busy = new Set<string>();
    let most = 0;
    const work = (name: string) => async () => {
      busy.add(name);
      most = Math.max(most, busy.size);
      await tick();
      busy.delete(name);
    };
    await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? b.take(work('b')) : a.take(work('a')))));
    assert.equal(most, 1);
  });

  it('let nobody wait for ever, and go on after a failure', async () => {
    const newTurn = createStageTurns(() => 0);
    const [a, b] = [newTurn(), newTurn()];
    let done = false;
    let count = 0;
    const endless = async (): Promise<void> => {
      while (!done && count < 10_000) {
        count++;
        await a.take(tick);
      }
    };
    const both = [endless(), endless()];
    await tick();
    await assert.rejects(
      b.take(async () => {
        done = true;
        throw new Error('broken');
      }),
      /broken/u,
    );
    await Promise.all(both);
    assert.ok(done && count < 200, `${count}`);
    await a.take(tick);
  });

  it('tell how long each model was at work', async () => {
    let clock = 0;
    const newTurn = createStageTurns(() => clock);
    const [a, b] = [newTurn(), newTurn()];
    const lasting = (ms: number) => async () => {
      clock += ms;
    };
    await a.take(lasting(2000));
    clock += 500;
    await b.take(lasting(3000));
    assert.deepEqual([a.seconds(), b.seconds()], [2, 3]);
  });
});

describe('thresholds', () => {
  const accuracy = metricNamed('accuracy');
  const context = { labels: ['positive', 'negative'], multiLabel: false };
  /** Ten records, all positive: the small model is right where it is sure, the large one everywhere but on the last. */
  const stage = (right: (i: number) => boolean, certainty: (i: number) => number, secondsPerRecord: number) => {
    const pairs = Array.from({ length: 10 }, (_, i): Pair => {
      const { record, gold } = labelled(`t${i}`, 'positive');
      return { ...record, gold, output: say(right(i) ? 'positive' : 'negative', certainty(i)) };
    });
    return { pairs, certainty: pairs.map((_, i) => certainty(i)), secondsPerRecord } satisfies StageOutputs;
  };
  const stages = [
    stage(
      (i) => i < 6 || i === 9,
      (i) => 1 - i / 20,
      1,
    ),
    stage(
      (i) => i < 9,
      () => 0.5,
      10,
    ),
  ];

  it('are the cheapest that are no worse than the last model alone', () => {
    const { choice, reached } = chooseThresholds(stages, accuracy, context, { kind: 'last' });
    // The first six stay with the small model: its certainty is 0.75 and more for those, 0.7 for the seventh.
    assert.ok(reached);
    assert.equal(choice.value, 0.9);
    assert.deepEqual(choice.shares, [0.6, 0.4]);
    assert.equal(choice.secondsPerRecord, 1 + 0.4 * 10);
    const [threshold = 0] = choice.thresholds;
    assert.ok(threshold > 0.7 && threshold <= 0.75, `${threshold}`);
  });

  it('are the best within a share of the time', () => {
    const { choice, reached } = chooseThresholds(stages, accuracy, context, { kind: 'time', share: 0.45 });
    assert.ok(reached);
    // The last three go up, of which the large model has two right.
    assert.deepEqual([choice.shares[0], choice.value, choice.secondsPerRecord], [0.7, 0.8, 4]);
  });

  it('come as near as they can to what cannot be reached', () => {
    const value = chooseThresholds(stages, accuracy, context, { kind: 'value', value: 0.99 });
    assert.deepEqual([value.reached, value.choice.value], [false, 0.9]);
    const time = chooseThresholds(stages, accuracy, context, { kind: 'time', share: 0.01 });
    assert.deepEqual([time.reached, time.choice.secondsPerRecord], [false, 1]);
  });

  it('are a few thousand combinations at most, however many models there are', () => {
    for (const [models, most] of [
      [3, 256],
      [4, 4096],
      [5, 4096],
      [8, 4096],
    ] as const) {
      let measured = 0;
      const counting = {
        ...accuracy,
        prepare: (...args: Parameters<typeof accuracy.prepare>) => {
          measured++;
          return accuracy.prepare(...args);
        },
      };
      const many = Array.from({ length: models }, (_, at) =>
        stage(
          (i) => i <= at,
          (i) => 1 - i / 20,
          at + 1,
        ),
      );
      const { choice } = chooseThresholds(many, counting, context, { kind: 'last' });
      assert.equal(choice.thresholds.length, models - 1);
      // One more for the last model alone.
      assert.ok(measured > 50 && measured <= most + 1, `${models} models: ${measured}`);
    }
  });

  it('stand in a file that tells models with addresses apart, in a name that all systems take', () => {
    const file = (...models: string[]) => path.basename(cascadeFile('.', models));
    assert.equal(file('a', './models/b.gguf'), 'a+b.yaml');
    const addresses = [
      'openai:m@https://one.example/v1',
      'openai:m@https://two.example/v1',
      'hf:o/r/f.gguf',
      'hf:p/r/f.gguf',
    ];
    const names = addresses.map((address) => file('a', address));
    assert.equal(new Set(names).size, addresses.length);
    for (const name of names) assert.match(name, /^a\+[\w.-]+\.yaml$/u);
    assert.ok(file(`hf:o/r/${'x'.repeat(300)}.gguf`, 'b').length < 100);
  });

  it('are kept beside what was tuned, and found again', (t) => {
    const folder = tempFolder(t);
    const settings = {
      format: 1 as const,
      task: 'mood',
      stages: [
        { model: 'a', modelSha256: null, settings: 'x', atLeast: 0.723456789012345 },
        { model: 'b', modelSha256: 'y', settings: 'z' },
      ],
      data: { file: 'held-out.jsonl', n: 10 },
      metric: 'accuracy',
      goal: 'the least time',
      value: 0.9,
      timeShare: 0.4,
    };
    const file = writeCascadeSettings(folder, ['./models/a.gguf', 'b'], settings);
    assert.equal(path.relative(folder, file), path.join('cascades', 'a+b.yaml'));
    assert.deepEqual(findCascadeSettings([tempFolder(t), folder], ['a', 'b'])?.settings, settings);
    assert.equal(findCascadeSettings([folder], ['b', 'a']), null);
  });
});

describe('how sure a result is', () => {
  it('is the least certain part of it', () => {
    const { classify, extract, answer, generate } = taskTypes;
    const scores = { a: 0.9, b: 0.45, c: 0.02 };
    const output = { type: 'classify', labels: ['a'], abstained: false, score: 0.9, scores } as const;
    assert.equal(classify.certainty?.(output as never, false), 0.9);
    assert.equal(classify.certainty?.(output as never, true), 0.55);
    const entity = { text: 'x', label: 'l', start: 0, end: 1 };
    const entities = [
      { ...entity, score: 0.8 },
      { ...entity, score: 0.3 },
    ];
    assert.equal(extract.certainty?.({ type: 'extract', entities } as never, false), 0.3);
    assert.equal(extract.certainty?.({ type: 'extract', entities: [] } as never, false), 1);
    assert.equal(answer.certainty?.({ type: 'answer', answer: 'x', score: 0.7 } as never, false), 0.7);
    assert.equal(answer.certainty?.({ type: 'answer', answer: null, score: 0.25 } as never, false), 0.75);
    assert.equal(generate.certainty, null);
  });
});
