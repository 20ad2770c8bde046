import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlmError } from '../../src/errors.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { decideLabel } from '../../src/methods/decide.js';
import { predict, type Task } from '../../src/predict.js';
import { amongChosen, amongExamples, amongPart, withAmong } from '../../src/task-types/among.js';
import { taskTypes } from '../../src/task-types/index.js';
import type { ClassifyOutput, Prediction, TaskProfile } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { exampleWith, labelled, labelOf, profileWith, recordWith } from '../helpers/profiles.js';

const labels = [
  labelOf('positive', { aliases: ['pos'] }),
  labelOf('neutral'),
  labelOf('negative', { aliases: ['NEG'] }),
];
const threeWay = (changes: Partial<TaskProfile> = {}) => profileWith({ labels, ...changes });
const twoWay = (changes: Partial<TaskProfile> = {}) => withAmong(threeWay(changes), ['negative', 'positive']);

function scored(positive: number, neutral: number, negative: number): ClassifyOutput {
  return { type: 'classify', labels: [], abstained: false, score: 0, scores: { positive, neutral, negative } };
}

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SlmError && error.kind === 'usage');
    return `${error.message} ${error.hint}`;
  }
  throw new Error('was not refused');
}

describe('the labels to choose among', () => {
  it('are found by name or alias, and stand in the order of the profile', () => {
    assert.deepEqual(withAmong(threeWay(), ['neg', 'Positive', 'positive']).among, ['positive', 'negative']);
  });

  it('change nothing when they are all', () => {
    const profile = threeWay();
    assert.equal(withAmong(profile, ['neutral', 'negative', 'positive']), profile);
    assert.equal(withAmong(profile, undefined), profile);
  });

  it('must be labels of a task that has labels, at least two, with the one that stands for unsure results', () => {
    assert.match(
      refusal(() => withAmong(threeWay(), ['positve', 'negative'])),
      /no label "positve".*Did you mean "positive"\?/u,
    );
    assert.match(
      refusal(() => withAmong(threeWay(), ['positive'])),
      /leaves one label.*at least two/u,
    );
    assert.match(
      refusal(() => withAmong(profileWith({ type: 'extract' }), ['person', 'place'])),
      /tasks that classify/u,
    );
    const unsure = threeWay({ threshold: { min: 0.5, below: 'neutral' } });
    assert.match(
      refusal(() => withAmong(unsure, ['negative', 'positive'])),
      /--among positive,negative,neutral/u,
    );
  });
});

describe('probabilities among some labels', () => {
  it('sum to 1 in the same proportions', () => {
    // 0.3 : 0.1
    assert.deepEqual(amongChosen(scored(0.3, 0.6, 0.1), twoWay()).scores, { positive: 0.3 / 0.4, negative: 0.1 / 0.4 });
  });

  it('are even where no chosen label has any', () => {
    assert.deepEqual(amongChosen(scored(0, 1, 0), twoWay()).scores, { positive: 0.5, negative: 0.5 });
  });

  it('stay as they are where each label is decided by itself', () => {
    const several = twoWay({ multiLabel: true });
    assert.deepEqual(amongChosen(scored(0.3, 0.6, 0.2), several).scores, { positive: 0.3, negative: 0.2 });
  });
});

/** A task whose method gives 0.3, 0.6 and 0.1, and 0, 0.9 and 0.1 for texts with "dull" in them. */
function taskWith(profile: TaskProfile, maxPieceTokens: number | null = null): Task {
  return {
    profile,
    engine: fakeEngine(),
    constants: '',
    documents: [],
    fallback: null,
    predictor: {
      maxPieceTokens,
      predict: async ({ text }) => ({
        output: text.includes('dull') ? scored(0, 0.9, 0.1) : scored(0.3, 0.6, 0.1),
        explanation: [],
      }),
      decide: (output) => decideLabel(output as ClassifyOutput, profile.threshold, profile.labels),
    },
  };
}

async function predictionOf(task: Task, text: string, explain = false): Promise<Prediction> {
  async function* one() {
    yield recordWith(text);
  }
  for await (const prediction of predict(task, one(), { explain, now: () => 0 })) return prediction;
  throw new Error('no prediction');
}

describe('a prediction among some labels', () => {
  it('is the most probable of them, by its probability among them', async () => {
    const { output } = await predictionOf(taskWith(twoWay()), 'a text');
    assert.ok(output?.type === 'classify');
    assert.deepEqual([output.labels, output.score], [['positive'], 0.3 / 0.4]);
    assert.deepEqual(Object.keys(output.scores), ['positive', 'negative']);
  });

  it('is held against the threshold after that', async () => {
    const sure = { threshold: { min: 0.7, below: 'abstain' } };
    const all = (await predictionOf(taskWith(threeWay(sure)), 'a text')).output;
    const two = (await predictionOf(taskWith(twoWay(sure)), 'a text')).output;
    assert.deepEqual(
      [all?.type === 'classify' && all.labels, two?.type === 'classify' && two.labels],
      [[], ['positive']],
    );
  });

  it('counts the pieces of a long text by what they say of the chosen labels', async () => {
    // Two pieces of equal weight: (0.3 + 0) : (0.1 + 0.1).
    const text = 'One sentence is here. A dull one is now.';
    const { output } = await predictionOf(taskWith(twoWay(), 6), text);
    assert.ok(output?.type === 'classify');
    assert.ok(Math.abs(output.score - 0.6) < 0.02, String(output.score));
  });

  it('has scores of no other label for an empty text either, and is explained', async () => {
    const empty = (await predictionOf(taskWith(twoWay()), ' ')).output;
    assert.deepEqual(empty?.type === 'classify' && empty.scores, { positive: 0, negative: 0 });
    const { explanation } = await predictionOf(taskWith(twoWay()), 'a text', true);
    assert.deepEqual(explanation, [
      {
        title: 'among positive, negative',
        body: 'positive  0.3000 → 0.7500\nneutral  0.6000 → left out\nnegative  0.1000 → 0.2500',
      },
    ]);
  });
});

describe('an evaluation among some labels', () => {
  const options = { source: 'data', seed: 1, now: () => 0, peakMemoryBytes: () => 0, onProgress: () => undefined };
  const examples = [labelled('a', 'positive'), labelled('b', 'neutral'), labelled('c', 'negative')];

  it('measures the records with one of them, counts the others, and teaches the baselines nothing else', async () => {
    const task = taskWith(
      twoWay({ examples: [labelled('x', 'neutral'), labelled('y', 'neutral'), labelled('z', 'negative')] }),
    );
    const report = await evaluate(task, examples, options);
    assert.deepEqual(report.data, { source: 'data', n: 2, among: ['positive', 'negative'], leftOut: 1 });
    assert.deepEqual(report.confusion?.labels, ['positive', 'negative']);
    assert.equal(report.figures.find(({ name }) => name === 'accuracy')?.value, 0.5);
    const majority = report.baselines.find(({ name }) => name === 'majority');
    assert.equal(majority?.figures.find(({ name }) => name === 'accuracy')?.value, 0.5);
  });

  it('is refused where no record is left', async () => {
    await assert.rejects(
      evaluate(taskWith(twoWay()), [labelled('b', 'neutral')], options),
      /none of the 1 labelled records/u,
    );
  });

  it('does not ask for labels that are left out where several can hold', () => {
    const gold = (names: string[]) => exampleWith('a', { type: 'classify', labels: names });
    const kept = amongExamples([gold(['positive', 'neutral']), gold(['neutral'])], twoWay({ multiLabel: true }));
    assert.deepEqual(
      kept.map((example) => example.gold.type === 'classify' && example.gold.labels),
      [['positive'], []],
    );
  });
});

describe('labels that are called like members of every object', () => {
  const members = Object.getOwnPropertyNames(Object.prototype);

  for (const member of members) {
    it(`are chosen, left out, merged and decided like others: ${member}`, () => {
      const profile = profileWith({ labels: [labelOf('good'), labelOf(member), labelOf('bad')] });
      const outputOf = (scores: Record<string, number>): ClassifyOutput => ({ ...scored(0, 0, 0), scores });
      const output = outputOf(
        Object.fromEntries([
          ['good', 0.2],
          [member, 0.6],
          ['bad', 0.2],
        ]),
      );
      const without = amongChosen(output, withAmong(profile, ['good', 'bad']));
      assert.deepEqual(without.scores, { good: 0.5, bad: 0.5 });
      assert.ok(amongPart(output, without).body.includes(`${member}  0.6000 → left out`));
      assert.deepEqual(decideLabel(without, profile.threshold, profile.labels).labels, ['good']);
      const kept = amongChosen(output, withAmong(profile, [member, 'bad']));
      assert.deepEqual(
        Object.entries(kept.scores).map(([name, score]) => [name, score.toFixed(2)]),
        [
          [member, '0.75'],
          ['bad', '0.25'],
        ],
      );
      const pieces = [output, output].map((each) => ({ output: each, offset: 0, weight: 1 }));
      const merged = taskTypes.classify.merge?.(pieces);
      assert.deepEqual(merged, output);
    });
  }
});
