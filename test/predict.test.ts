import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { failure, modelError } from '../src/errors.js';
import { aboveThreshold } from '../src/methods/span-scoring/index.js';
import type { Cache, PieceInput, Predictor } from '../src/methods/types.js';
import { openTask, predict, type Task, usageOf } from '../src/predict.js';
import { type BadRow, recordOf } from '../src/record.js';
import { words } from '../src/segment.js';
import type { ExtractOutput, InputRecord, Prediction, TaskProfile } from '../src/types.js';
import { fakeEngine } from './helpers/fake-engine.js';
import { labelled, labelOf, profileWith, recordWith } from './helpers/profiles.js';

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function predictions(
  task: Task,
  records: readonly (InputRecord | BadRow)[],
  explain = false,
): Promise<Prediction[]> {
  const found: Prediction[] = [];
  let clock = 0;
  for await (const prediction of predict(task, from(records), { explain, now: () => clock++ })) found.push(prediction);
  return found;
}

const noCache: Cache = { get: async () => null, set: async () => undefined };

/** Scores what stands in the text: "good" for positive, "bad" for negative. */
const sentiment = (prompt: string, word: string) => {
  const text = prompt.slice(prompt.lastIndexOf('Review:'));
  const count = (wanted: string) => text.split(wanted).length - 1;
  return word.includes('pos') ? count('good') : count('bad');
};

function openSentiment(changes: Partial<TaskProfile> = {}, engine = fakeEngine({ score: sentiment })) {
  return openTask({
    profile: profileWith(changes),
    engine,
    documents: [],
    ownDocuments: async () => [],
    cache: noCache,
    onProgress: () => undefined,
  });
}

/** Marks every capitalised word, a piece at a time, and remembers the pieces. */
function capitalTask(maxPieceTokens: number | null) {
  const pieces: string[] = [];
  const predictor: Predictor = {
    maxPieceTokens,
    async predict({ text, explain }: PieceInput) {
      pieces.push(text);
      const entities = words(text)
        .map(({ start, end }) => ({ start, end, text: text.slice(start, end), label: 'name', score: 0.9 }))
        .filter((entity) => /^\p{Lu}/u.test(entity.text));
      return { output: { type: 'extract', entities }, explanation: explain ? [{ title: 'prompt', body: text }] : [] };
    },
    decide: (output) => aboveThreshold(output as ExtractOutput, 0.5),
  };
  const profile = profileWith({ type: 'extract', labels: [labelOf('name')] });
  return {
    task: { profile, engine: fakeEngine(), predictor, constants: '', documents: [], fallback: null } satisfies Task,
    pieces,
  };
}

describe('a short record', () => {
  it('is one prompt and one decision', async () => {
    const engine = fakeEngine({ score: sentiment });
    const [prediction] = await predictions(await openSentiment({}, engine), [recordWith('so good')]);
    assert.deepEqual(engine.prompts, ['<bos>Review: so good\nSentiment:']);
    assert.deepEqual([engine.calls.score, engine.calls.hold], [1, 1]);
    assert.ok(prediction?.output?.type === 'classify');
    assert.deepEqual(prediction.output.labels, ['positive']);
    // e : 1
    const share = Math.E / (Math.E + 1);
    assert.ok(Math.abs(prediction.output.score - share) < 1e-12);
    assert.ok(Math.abs((prediction.output.scores.negative as number) - (1 - share)) < 1e-12);
    assert.equal(prediction.ms, 1);
    assert.equal(prediction.explanation, undefined);
  });

  it('abstains below the threshold of the profile', async () => {
    const task = await openSentiment({ threshold: { min: 0.8, below: 'abstain' } });
    const found = await predictions(task, [recordWith('so good'), recordWith('good good good')]);
    assert.deepEqual(
      found.map(({ output }) => output?.type === 'classify' && [output.labels, output.abstained]),
      [
        [[], true],
        [['positive'], false],
      ],
    );
  });

  it('is explained when asked for: prompt, scores and calibration', async () => {
    const [prediction] = await predictions(await openSentiment(), [recordWith('so good')], true);
    assert.deepEqual(
      prediction?.explanation?.map(({ title }) => title),
      ['prompt', 'scores', 'calibration'],
    );
    assert.match(prediction?.explanation?.[0]?.body ?? '', /^Review:⟦end of shared prefix⟧ so good\nSentiment:⟦/u);
  });

  it('is scored with each of several sets of examples, and the scores are averaged', async () => {
    const shots = (text: string) => [{ fields: { text }, label: 'positive' }];
    // 2 : 0 after the first set of examples, 0 : 1 after the other.
    const score = (prompt: string, word: string) =>
      prompt.includes('bright') ? (word === ' positive' ? 2 : 0) : word === ' positive' ? 0 : 1;
    const engine = fakeEngine({ score });
    const learned = { examples: shots('bright'), ensemble: [shots('brisk')] };
    const task = await openSentiment({ tuned: { file: 'tiny.yaml', digest: 'x', numbers: null, learned } }, engine);
    const [prediction] = await predictions(task, [recordWith('anything')], true);
    assert.deepEqual(
      engine.prompts,
      ['bright', 'brisk'].map((text) => `<bos>Review: ${text}\nSentiment: positive\n\nReview: anything\nSentiment:`),
    );
    // Slots stay with a prompt, not with the record.
    assert.equal(engine.calls.hold, 0);
    assert.ok(prediction?.output?.type === 'classify');
    // (2 + 0) / 2 against (0 + 1) / 2.
    assert.ok(Math.abs(prediction.output.score - 1 / (1 + Math.exp(-0.5))) < 1e-12);
    assert.deepEqual(
      prediction.explanation?.map(({ title }) => title),
      ['prompt', 'prompt', 'scores', 'calibration'],
    );
  });

  it('is calibrated on the examples outside the prompt, once', async () => {
    const stored = new Map<string, unknown>();
    const cache: Cache = {
      get: async (key) => stored.get(key) ?? null,
      set: async (key, value) => void stored.set(key, value),
    };
    const examples = Array.from({ length: 12 }, (_, i) => labelled(`text ${i}`, i % 2 === 0 ? 'positive' : 'negative'));
    const profile = profileWith({ examples, options: { shots: 2, calibration: 'batch', poolSize: 200 } });
    // Four times as likely to say positive, whatever the text.
    const score = (_prompt: string, word: string) => (word.includes('pos') ? Math.log(0.8) : Math.log(0.2));
    for (const calls of [10 + 1, 1]) {
      const engine = fakeEngine({ score });
      const task = await openTask({
        profile,
        engine,
        documents: [],
        ownDocuments: async () => [],
        cache,
        onProgress: () => undefined,
      });
      const [prediction] = await predictions(task, [recordWith('anything')]);
      assert.equal(engine.calls.score, calls);
      assert.ok(prediction?.output?.type === 'classify' && Math.abs(prediction.output.score - 0.5) < 1e-12);
    }
    assert.equal(stored.size, 1);
  });
});

describe('a long record', () => {
  const text = '  Ann met Bob. It rained in Paris.\n\nThen Cleo came, 😀 late. Nobody saw Dan leave the house.  ';

  it('is split at sentences, and its spans stand in the whole text', async () => {
    const { task, pieces } = capitalTask(12);
    const [prediction] = await predictions(task, [recordWith(text)]);
    assert.ok(pieces.length > 1);
    assert.ok(prediction?.output?.type === 'extract');
    assert.deepEqual(
      prediction.output.entities.map((entity) => entity.text),
      ['Ann', 'Bob', 'It', 'Paris', 'Then', 'Cleo', 'Nobody', 'Dan'],
    );
    for (const { start, end, text: quote } of prediction.output.entities) assert.equal(text.slice(start, end), quote);
  });

  it('gives what it would give in one piece', async () => {
    const [whole] = await predictions(capitalTask(null).task, [recordWith(text)]);
    for (const limit of [6, 12, 20, 1000]) {
      const [split] = await predictions(capitalTask(limit).task, [recordWith(text)]);
      assert.deepEqual(split?.output, whole?.output);
    }
  });

  it('has no piece that is too long, and loses nothing', async () => {
    const engine = fakeEngine();
    const texts = fc.array(fc.constantFrom('Ann. ', 'met ', 'Bobby! ', '\n\n', '😀', 'supercalifragilistic ', 'x'), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 2, max: 15 }), async (parts, limit) => {
        const { task, pieces } = capitalTask(limit);
        await predictions(task, [recordWith(parts.join(''))]);
        for (const piece of pieces) assert.ok(engine.tokenize(piece).length <= limit, piece);
        const bare = (value: string) => value.replace(/\s/gu, '');
        assert.equal(bare(pieces.join('')), bare(parts.join('')));
      }),
    );
  });

  it('has its probabilities averaged by length, and decided once', async () => {
    const engine = fakeEngine({ score: sentiment, model: { contextSize: 20 } });
    const task = await openSentiment({ threshold: { min: 0.5, below: 'abstain' } }, engine);
    const long = 'a good start, truly. a bad end, sadly. bad bad bad.';
    const [prediction] = await predictions(task, [recordWith(long)]);
    assert.ok(engine.calls.score > 1);
    assert.ok(prediction?.output?.type === 'classify');
    const { scores, labels, score } = prediction.output;
    assert.ok(Math.abs((scores.positive as number) + (scores.negative as number) - 1) < 1e-9);
    assert.deepEqual(labels, ['negative']);
    assert.equal(score, scores.negative);
  });

  it('is explained piece by piece', async () => {
    const { task, pieces } = capitalTask(12);
    const [prediction] = await predictions(task, [recordWith(text)], true);
    assert.deepEqual(
      prediction?.explanation,
      pieces.map((body, i) => ({ title: `piece ${i + 1} of ${pieces.length}: prompt`, body })),
    );
  });

  it('that is a question cannot be split, and is read whole', async () => {
    const { task } = capitalTask(null);
    const [prediction] = await predictions(task, [recordWith('Word. '.repeat(5000))]);
    assert.equal(prediction?.error, undefined);
  });

  it('with a prompt that leaves no room is an error of the record', async () => {
    const task = await openSentiment({}, fakeEngine({ score: sentiment, model: { contextSize: 8 } }));
    const [prediction] = await predictions(task, [recordWith('good')]);
    assert.match(prediction?.error ?? '', /no room for the text/u);
  });
});

describe('an empty record', () => {
  it('is answered without asking the model', async () => {
    const engine = fakeEngine();
    for (const text of ['', ' \n\t ']) {
      const [prediction] = await predictions(
        await openSentiment({ threshold: { min: 0.9, below: 'abstain' } }, engine),
        [recordWith(text)],
      );
      assert.deepEqual(prediction?.output, {
        type: 'classify',
        labels: [],
        abstained: true,
        score: 0,
        scores: { positive: 0, negative: 0 },
      });
      const { task, pieces } = capitalTask(null);
      const [found] = await predictions(task, [recordWith(text)]);
      assert.deepEqual([found?.output, pieces], [{ type: 'extract', entities: [] }, []]);
    }
  });

  it('has no answer, and nothing can be generated from it', async () => {
    const { task } = capitalTask(null);
    const as = async (type: TaskProfile['type']) =>
      (await predictions({ ...task, profile: profileWith({ type }) }, [recordWith('')]))[0];
    assert.deepEqual((await as('answer'))?.output, {
      type: 'answer',
      answer: null,
      score: 0,
      reason: 'the question is empty',
    });
    assert.match((await as('generate'))?.error ?? '', /empty/u);
  });
});

describe('a record that cannot be processed', () => {
  const failing = (error: Error): Task => {
    const { task } = capitalTask(null);
    const inner = task.predictor.predict;
    return {
      ...task,
      predictor: {
        ...task.predictor,
        predict: async (input) => (input.text === 'bad' ? Promise.reject(error) : inner(input)),
      },
    };
  };

  it('is an error in its place, and the others are there', async () => {
    const found = await predictions(
      failing(failure('it was cut off', 'Raise maxTokens.')),
      ['a', 'bad', 'c'].map((text) => recordWith(text)),
    );
    assert.deepEqual(
      found.map(({ record, error, output }) => [record.text, error, output?.type]),
      [
        ['a', undefined, 'extract'],
        ['bad', 'it was cut off. Raise maxTokens.', undefined],
        ['c', undefined, 'extract'],
      ],
    );
  });

  it('may be a row that could not be read', async () => {
    const bad = recordOf(
      { fields: {}, origin: { file: 'in.jsonl', line: 7 }, error: 'not JSON' },
      0,
      'text',
      null,
    ) as BadRow;
    const [prediction] = await predictions(capitalTask(null).task, [bad]);
    assert.deepEqual([prediction?.record.id, prediction?.error], ['in.jsonl:7', 'not JSON']);
  });

  it('because the model is broken ends it all', async () => {
    await assert.rejects(
      predictions(failing(modelError('the model is gone')), [recordWith('a'), recordWith('bad')]),
      /model is gone/u,
    );
  });
});

describe('many records', () => {
  it('come in their order, whatever the delays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 3 }),
        async (delays, slots) => {
          const delay = async (prompt: string) => {
            const index = Number(/Review: (\d+)/u.exec(prompt)?.[1]);
            for (let i = 0; i < (delays[index] ?? 0); i++) await turn();
          };
          const task = await openSentiment({}, fakeEngine({ score: sentiment, slots, delay }));
          const found = await predictions(
            task,
            delays.map((_, i) => recordWith(`${i} good`)),
          );
          assert.deepEqual(
            found.map(({ record }) => record.text),
            delays.map((_, i) => `${i} good`),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('has many records under way where each needs several prompts, so that a slot seldom turns to another', async () => {
    const most = async (apart: boolean) => {
      let under = 0;
      let highest = 0;
      const predictor: Predictor = {
        ...capitalTask(null).task.predictor,
        apart,
        async predict() {
          highest = Math.max(highest, ++under);
          await turn();
          under--;
          return { output: { type: 'extract', entities: [] }, explanation: [] };
        },
      };
      const texts = Array.from({ length: 200 }, (_, i) => recordWith(`text ${i}`));
      await predictions({ ...capitalTask(null).task, predictor }, texts);
      return highest;
    };
    assert.ok((await most(false)) <= 2);
    assert.equal(await most(true), 32);
  });

  it('get the same result alone and among others', async () => {
    const task = await openSentiment({}, fakeEngine({ score: sentiment, slots: 3 }));
    const records = ['good', 'bad bad', 'good bad', '<|end|> good'].map((text) => recordWith(text));
    const together = await predictions(task, records);
    for (const [i, record] of records.entries()) {
      const [alone] = await predictions(task, [record]);
      assert.deepEqual(alone?.output, together[i]?.output);
    }
  });
});

describe('a record with an image', () => {
  const picture = { ...recordWith('good'), fields: { text: 'good', image: 'shop/cat.JPG' } };

  it('is an error on a model that reads texts alone, with what to do, and the others are done', async () => {
    const found = await predictions(await openSentiment(), [
      picture,
      { ...picture, fields: { text: 'good', image: 'https://host.example/cat' } },
      { ...picture, fields: { text: 'good', image: 'blurry' } },
      { ...picture, fields: { text: 'good', image: null } },
    ]);
    assert.deepEqual(
      found.map(({ error }) => error !== undefined),
      [true, true, false, false],
    );
    assert.match(
      found[0]?.error ?? '',
      /^the record has an image, and \S+ reads texts alone\. Name a model that takes images \(-m openai:/u,
    );
  });

  it('is an error where the task is about the text alone, though the model takes images', async () => {
    const task = await openSentiment();
    const [found] = await predictions({ ...task, engine: { ...task.engine, images: true } }, [picture]);
    assert.match(found?.error ?? '', /tasks of type classify are about texts alone/);
  });

  it('goes to the next model of a cascade where the first one cannot read it', async () => {
    const small = await openSentiment();
    const large = {
      ...small,
      engine: { ...small.engine, images: true },
      predictor: { ...small.predictor, readsImages: true },
    };
    const turns = { take: <T>(work: () => Promise<T>) => work(), seconds: () => 0 };
    const last: Task = { ...large, stage: { ...turns, model: 'large', atLeast: null, next: null } };
    const next = { open: async () => last, opened: () => last };
    const first: Task = { ...small, stage: { ...turns, model: 'small', atLeast: 0, next } };
    const found = await predictions(first, [recordWith('good'), picture]);
    assert.deepEqual(
      found.map(({ output, error }) => output?.model ?? error),
      ['small', 'large'],
    );
  });
});

describe('a task with a cut vocabulary', () => {
  /** Marks which of the two did it. */
  function told(name: string, fallback: Task['fallback'] = null): Task {
    const predictor: Predictor = {
      maxPieceTokens: null,
      predict: async ({ text }) => ({
        output: { type: 'extract', entities: [{ start: 0, end: 1, text: text.slice(0, 1), label: name, score: 1 }] },
        explanation: [],
      }),
      decide: (output) => output,
    };
    const profile = profileWith({ type: 'extract', labels: [labelOf('name')] });
    return { profile, engine: fakeEngine({ slots: 4 }), predictor, documents: [], constants: '', fallback };
  }

  const doneBy = (list: readonly Prediction[]) =>
    list.map(({ output, error }) => (output?.type === 'extract' ? output.entities[0]?.label : error));

  function withAside(open: () => Promise<Task>, opened: () => Task | null = () => null) {
    return told('cut', { covers: ({ text }) => /^[a-z ]*$/u.test(text), open, opened });
  }

  it('gives the records that it does not cover to the whole model, and the others to itself, in order', async () => {
    let opened = 0;
    const task = withAside(async () => {
      opened++;
      return told('whole');
    });
    const found = await predictions(
      task,
      ['plain', '漢字', 'more', '🙂 smile'].map((text) => recordWith(text)),
    );
    assert.deepEqual(doneBy(found), ['cut', 'whole', 'cut', 'whole']);
    assert.equal(opened, 2);
  });

  it('counts what both have cost', () => {
    const costs = (tokens: number) => ({
      evaluatedTokens: tokens,
      prefixTokens: tokens + 1,
      generatedTokens: tokens + 2,
      reusedTokens: tokens + 3,
    });
    const engineOf = (tokens: number) => ({ ...fakeEngine(), usage: () => costs(tokens) });
    const alone = { ...withAside(async () => told('whole')), engine: engineOf(10) };
    assert.deepEqual(usageOf(alone), costs(10));
    const whole = { ...told('whole'), engine: engineOf(500) };
    const both = {
      ...withAside(
        async () => whole,
        () => whole,
      ),
      engine: engineOf(10),
    };
    assert.deepEqual(usageOf(both), {
      evaluatedTokens: 510,
      prefixTokens: 512,
      generatedTokens: 514,
      reusedTokens: 516,
    });
  });

  it('does not open the whole model where it covers all', async () => {
    const task = withAside(async () => {
      throw new Error('not needed');
    });
    assert.deepEqual(doneBy(await predictions(task, [recordWith('plain'), recordWith('more')])), ['cut', 'cut']);
  });

  it('gives error records where the whole model cannot be opened, and the others are there', async () => {
    const task = withAside(async () => {
      throw failure('no memory');
    });
    assert.deepEqual(doneBy(await predictions(task, [recordWith('漢字'), recordWith('plain')])), ['no memory.', 'cut']);
  });

  it('ends the run where the whole model is missing', async () => {
    const task = withAside(async () => {
      throw modelError('the model is gone');
    });
    await assert.rejects(predictions(task, [recordWith('漢字')]), /the model is gone/u);
  });
});
