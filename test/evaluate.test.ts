import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EvaluateOptions, evaluate, type Progress } from '../src/evaluate/evaluate.js';
import type { Report } from '../src/evaluate/report.js';
import { type ExampleContext, exampleOf, isBadExample } from '../src/examples.js';
import type { Cache, Predictor } from '../src/methods/types.js';
import { openTask, predict, type Task } from '../src/predict.js';
import { recordOf } from '../src/record.js';
import { evidenceAt, ownDocument } from '../src/task-types/answer/evidence.js';
import { asFlags } from '../src/task-types/gold-wording.js';
import type { Example, InputRecord, Output, TaskProfile } from '../src/types.js';
import { fakeEngine } from './helpers/fake-engine.js';
import { exampleWith, labelled, labelOf, profileWith } from './helpers/profiles.js';

const noCache: Cache = { get: async () => null, set: async () => undefined };

function options(changes: Partial<EvaluateOptions> = {}): EvaluateOptions {
  let clock = 0;
  return {
    source: 'fixtures',
    seed: 1,
    now: () => (clock += 500),
    peakMemoryBytes: () => 7,
    onProgress: () => undefined,
    ...changes,
  };
}

/** A task whose outputs the test gives by text; remembers the records that its method saw. */
function scripted(outputs: Readonly<Record<string, Output>>, changes: Partial<TaskProfile> = {}) {
  const seen: InputRecord[] = [];
  const predictor: Predictor = {
    maxPieceTokens: null,
    async predict({ record }) {
      seen.push(record);
      const output = outputs[record.text];
      if (output === undefined) throw new Error('too difficult');
      return { output, explanation: [] };
    },
    decide: (output) => output,
  };
  const task: Task = {
    profile: profileWith(changes),
    engine: fakeEngine(),
    predictor,
    constants: '',
    documents: [],
    fallback: null,
  };
  return { task, seen };
}

function say(label: string, score: number): Output {
  return {
    type: 'classify',
    labels: [label],
    abstained: false,
    score,
    scores: { positive: 0, negative: 0, [label]: score },
  };
}

const abstain: Output = {
  type: 'classify',
  labels: [],
  abstained: true,
  score: 0.5,
  scores: { positive: 0.5, negative: 0.5 },
};

function figure(report: Report, name: string): number | null | undefined {
  return report.figures.find((found) => found.name === name)?.value;
}

describe('a report on a classification', () => {
  // Right: a, b, c. Wrong: d (sure), e (less sure). Abstained: f. Failed: g, h.
  const examples = [
    labelled('a', 'positive'),
    labelled('b', 'positive'),
    labelled('c', 'negative'),
    { ...labelled('e', 'negative'), tags: ['irony'] },
    { ...labelled('d', 'negative'), tags: ['irony', 'short'] },
    labelled('f', 'negative'),
    labelled('g', 'positive'),
    { ...labelled('h', 'positive'), tags: ['short'] },
  ];
  const outputs = {
    a: say('positive', 0.9),
    b: say('positive', 0.8),
    c: say('negative', 0.7),
    d: say('positive', 0.95),
    e: say('positive', 0.6),
    f: abstain,
  };
  const profile = {
    metrics: [
      { name: 'accuracy', min: 0.3 },
      { name: 'macro-f1', min: 0.9 },
      { name: 'accuracy', max: 0.3 },
    ],
    examples: [labelled('so good', 'positive'), labelled('so bad', 'negative'), labelled('good', 'positive')],
  };
  const report = () => evaluate(scripted(outputs, profile).task, examples, options());

  it('counts every record, also those that failed', async () => {
    const { data, failed, confusion } = await report();
    assert.deepEqual([data, failed], [{ source: 'fixtures', n: 8 }, 2]);
    assert.deepEqual(confusion, {
      labels: ['positive', 'negative'],
      counts: [
        [2, 0],
        [2, 1],
      ],
      abstained: [0, 1],
      failed: [2, 0],
    });
  });

  it('has the figures of the task type, with intervals around them', async () => {
    const found = await report();
    assert.equal(figure(found, 'accuracy'), 3 / 8);
    // positive: 2 of 4 said, 2 of 4 found; negative: 1 of 1 said, 1 of 4 found.
    assert.ok(Math.abs((figure(found, 'macro-f1') as number) - (1 / 2 + 2 / 5) / 2) < 1e-12);
    assert.equal(figure(found, 'entity-f1'), undefined);
    const accuracy = found.figures.find(({ name }) => name === 'accuracy');
    assert.ok(accuracy?.interval && accuracy.interval.low < 3 / 8 && accuracy.interval.high > 3 / 8);
    assert.equal(accuracy?.n, 8);
  });

  it('is the same for the same seed', async () => {
    assert.deepEqual(await report(), await report());
  });

  it('says which goals were reached', async () => {
    const { goals } = await report();
    assert.deepEqual(
      goals.map(({ name, passed }) => [name, passed]),
      [
        ['accuracy', true],
        ['macro-f1', false],
        ['accuracy', false],
      ],
    );
  });

  it('fails a goal whose figure does not exist', async () => {
    const { goals } = await evaluate(
      scripted(outputs, { metrics: [{ name: 'f1', min: 0 }] }).task,
      examples,
      options(),
    );
    assert.deepEqual(goals, [{ name: 'f1', min: 0, value: null, passed: false }]);
  });

  it('stands beside baselines that learned from the examples of the profile alone', async () => {
    const { baselines } = await report();
    assert.deepEqual(
      baselines.map(({ name }) => name),
      ['majority', 'lexical'],
    );
    // Two of three examples are positive, as are four of eight records.
    assert.equal(baselines[0]?.figures.find(({ name }) => name === 'accuracy')?.value, 4 / 8);
    const without = await evaluate(scripted(outputs).task, examples, options());
    assert.deepEqual(without.baselines, []);
  });

  it('has the baselines of its own seed and labels, though they are trained once for the same ones', async () => {
    const shared = profile.examples ?? [];
    const measured = async (changes: Partial<TaskProfile>, seed = 1, known = shared) => {
      const { task } = scripted(outputs, { ...profile, ...changes, examples: known });
      return (await evaluate(task, examples, { ...options(), seed })).baselines;
    };
    const others: [Partial<TaskProfile>, number][] = [
      [{}, 1],
      [{ among: ['negative'] }, 1],
      [{}, 2],
      [{}, 1],
    ];
    for (const [changes, seed] of others) {
      // A list of its own has learned nothing yet.
      assert.deepEqual(await measured(changes, seed), await measured(changes, seed, [...shared]));
    }
  });

  it('lists the mistakes, the surest first, with where they stand', async () => {
    const { mistakes } = await report();
    assert.deepEqual(
      mistakes.map(({ id, predicted, score }) => [id, predicted, score]),
      [
        ['d', 'positive', 0.95],
        ['e', 'positive', 0.6],
        ['f', 'abstain', 0.5],
        ['g', '(error)', null],
        ['h', '(error)', null],
      ],
    );
    assert.deepEqual(
      [mistakes[0]?.gold, mistakes[0]?.place, mistakes[0]?.tags],
      ['negative', 'in.jsonl:1', ['irony', 'short']],
    );
  });

  it('counts by tag, the worst first', async () => {
    assert.deepEqual((await report()).byTag, [
      { tag: 'irony', n: 2, correct: 0 },
      { tag: 'short', n: 2, correct: 0 },
    ]);
  });

  it('tells its progress', async () => {
    const progress: Progress[] = [];
    await evaluate(scripted(outputs).task, examples, options({ onProgress: (step) => progress.push(step) }));
    assert.deepEqual(progress[0], { done: 1, total: 8, correct: 1, failed: 0 });
    assert.deepEqual(progress.at(-1), { done: 8, total: 8, correct: 3, failed: 2 });
  });

  it('tells time and tokens of the records', async () => {
    const engine = fakeEngine({ score: () => 0 });
    const task = await openTask({
      profile: profileWith(),
      engine,
      documents: [],
      ownDocuments: async () => [],
      cache: noCache,
      onProgress: () => undefined,
    });
    let clock = 0;
    const timed = options({ now: () => (clock += 100) });
    const { speed } = await evaluate(task, [labelled('Fine', 'positive'), labelled('Good', 'positive')], timed);
    // " Fine", "\n", "Sent", "imen", "t", ":"
    assert.equal(speed.tokensPerRecord, 6);
    assert.equal(speed.recordsPerSecond, 2 / speed.seconds);
    assert.equal(speed.peakMemoryBytes, 7);
  });
});

describe('what is measured', () => {
  const context: ExampleContext = {
    type: 'classify',
    input: 'text',
    labels: profileWith().labels,
    multiLabel: false,
    labelMap: new Map(),
    field: null,
    labelField: null,
    ownLabelField: null,
    wording: asFlags,
  };

  function read(fields: Record<string, unknown>, changes: Partial<ExampleContext> = {}): Example {
    const example = exampleOf({ fields, origin: { file: 'x.jsonl', line: 1 } }, 0, { ...context, ...changes });
    assert.ok(!isBadExample(example));
    return example;
  }

  async function seenBy(example: Example, changes: Partial<TaskProfile>, output: Output) {
    const { task, seen } = scripted({ [example.record.text]: output }, changes);
    await evaluate(task, [example], options());
    assert.equal(seen.length, 1);
    return Object.keys(seen[0]?.fields ?? {}).sort();
  }

  it('is the record without its label, under whatever name', async () => {
    const output = say('positive', 1);
    assert.deepEqual(await seenBy(read({ text: 'x', label: 'positive', title: 'T' }), {}, output), ['text', 'title']);
    assert.deepEqual(await seenBy(read({ text: 'x', labels: ['positive'] }), {}, output), ['text']);
    assert.deepEqual(await seenBy(read({ text: 'x', stars: 'positive' }, { labelField: 'stars' }), {}, output), [
      'text',
    ]);
  });

  it('is the record without its entities, under whatever name', async () => {
    const labels = [labelOf('person')];
    for (const name of ['entities', 'spans']) {
      const example = read({ text: 'Ann', [name]: [{ text: 'Ann', label: 'person' }] }, { type: 'extract', labels });
      assert.deepEqual(await seenBy(example, { type: 'extract', labels }, { type: 'extract', entities: [] }), ['text']);
    }
  });

  it('is the question without its answers', async () => {
    for (const name of ['answers', 'answer']) {
      const example = read(
        { question: 'How many?', context: 'c', [name]: '28' },
        { type: 'answer', input: 'question' },
      );
      const none: Output = { type: 'answer', answer: null, score: 0 };
      assert.deepEqual(await seenBy(example, { type: 'answer', input: 'question' }, none), ['context', 'question']);
    }
  });

  it('is exactly what run would give, also where an input field has the name of another type of gold', async () => {
    const row = {
      fields: { text: 'x', label: 'positive', answer: 'A', output: 'O' },
      origin: { file: 'x.jsonl', line: 1 },
    };
    const seen = await seenBy(read(row.fields), {}, say('positive', 1));
    const { task, seen: run } = scripted({ x: say('positive', 1) });
    const { label: _label, ...unlabelled } = row.fields;
    async function* records() {
      yield recordOf({ ...row, fields: unlabelled }, 0, 'text', null);
    }
    for await (const _ of predict(task, records(), { explain: false, now: () => 0 }));
    assert.deepEqual(seen, Object.keys(run[0]?.fields ?? {}).sort());
  });
});

describe('grounding', () => {
  it('counts outputs with a span that the text does not have there', async () => {
    const labels = [labelOf('person')];
    const found = (start: number, text = 'Ann') => ({ start, end: start + 3, text, label: 'person', score: 1 });
    const outputs: Record<string, Output> = {
      'Ann one': { type: 'extract', entities: [found(0)] },
      'Ann two': { type: 'extract', entities: [found(0), found(1)] },
      'Ann three': { type: 'extract', entities: [found(0, 'Bob'), found(0, 'ann')] },
      nobody: { type: 'extract', entities: [] },
    };
    const gold = { type: 'extract', entities: [] } as const;
    const examples = Object.keys(outputs).map((text) => exampleWith(text, gold));
    const report = await evaluate(scripted(outputs, { type: 'extract', labels }).task, examples, options());
    assert.equal(report.ungrounded, 2);
    assert.equal(report.confusion, null);
  });

  it('counts answers that do not stand in their source', async () => {
    const text = 'It takes 28 days.';
    const document = { id: '1', source: 'd.md', text };
    const [evidence, own] = [document, ownDocument('context', text)].map((each) =>
      evidenceAt(each, { start: 9, end: 16 }, { text, start: 0 }),
    );
    const answer = (text: string | null, more = {}): Output => ({ type: 'answer', answer: text, score: 1, ...more });
    const outputs: Record<string, Output> = {
      right: answer('28 days', { evidence }),
      wrong: answer('30 days', { evidence }),
      elsewhere: answer('28 days', { evidence: { ...evidence, document: '2' } }),
      own: answer('28 days', { evidence: own }),
      unfounded: answer('28 days'),
      none: answer(null),
    };
    const gold = { type: 'answer', answers: ['28 days'] } as const;
    const examples = Object.keys(outputs).map((name) => {
      const example = exampleWith(name, gold);
      return { ...example, record: { ...example.record, fields: { ...example.record.fields, context: text } } };
    });
    const { task } = scripted(outputs, { type: 'answer', input: 'question' });
    const report = await evaluate({ ...task, documents: [document] }, examples, options());
    assert.equal(report.ungrounded, 3);
    assert.deepEqual(report.perClass, []);
  });
});

describe('an evaluation that is ended early', () => {
  it('measures what there is', async () => {
    const controller = new AbortController();
    const outputs = Object.fromEntries([...'abcdef'].map((text) => [text, say('positive', 1)]));
    const onProgress = ({ done }: Progress) => {
      if (done === 2) controller.abort();
    };
    const { data } = await evaluate(
      scripted(outputs).task,
      [...'abcdef'].map((text) => labelled(text, 'positive')),
      options({ signal: controller.signal, onProgress }),
    );
    assert.equal(data.n, 2);
  });
});
