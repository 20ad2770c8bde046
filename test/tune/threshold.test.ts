import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SlmError } from '../../src/errors.js';
import { decideLabel } from '../../src/methods/decide.js';
import { evidenceAt, ownDocument } from '../../src/task-types/answer/evidence.js';
import { bestThreshold, chooseThreshold, decideHeldOut, type ThresholdTarget } from '../../src/tune/threshold.js';
import type { ClassifyOutput, Example, Output } from '../../src/types.js';
import { exampleWith, labelled, labelOf, profileWith } from '../helpers/profiles.js';

const profile = profileWith();

/** Texts of which the surest `score` goes to "positive"; right or not. */
function decided(list: readonly (readonly [score: number, right: boolean])[]): [Example[], ClassifyOutput[]] {
  return [
    list.map(([, right], i) => labelled(`text ${i}`, right ? 'positive' : 'negative')),
    list.map(([score]) => ({
      type: 'classify',
      labels: ['positive'],
      abstained: false,
      score,
      scores: { positive: score, negative: 1 - score },
    })),
  ];
}

const choose = (list: readonly (readonly [number, boolean])[], target: ThresholdTarget) =>
  chooseThreshold(profile, ...decided(list), target);

describe('a threshold', () => {
  const five: [number, boolean][] = [
    [0.9, true],
    [0.8, true],
    [0.7, false],
    [0.6, true],
    [0.5, false],
  ];

  it('for precision is the lowest with which enough is right, in the middle to the next', () => {
    // Right among the first 1, 2, … are 1, 1, 2/3, 3/4, 3/5.
    assert.deepEqual(choose(five, { precision: 0.75 }), {
      value: { min: 0.55, below: 'abstain' },
      shares: { coverage: 0.8, reached: 0.75 },
    });
    assert.deepEqual(choose(five, { precision: 0.9 }), {
      value: { min: 0.75, below: 'abstain' },
      shares: { coverage: 0.4, reached: 1 },
    });
    // All may pass: nothing is held back by half of the lowest score.
    assert.deepEqual(choose(five, { precision: 0.6 }).value.min, 0.25);
  });

  it('for coverage is the highest with which enough is given', () => {
    const { value, shares } = choose(five, { coverage: 0.5 });
    assert.deepEqual([value.min, shares.coverage, shares.reached], [0.65, 0.6, 2 / 3]);
  });

  it('counts an answer as right that says nearly the same, and none as nothing', () => {
    const asked = (answers: string[]) => exampleWith('who?', { type: 'answer', answers });
    const given = (answer: string | null, score: number): Output =>
      answer === null
        ? { type: 'answer', answer, score, reason: 'no passage' }
        : {
            type: 'answer',
            answer,
            score,
            evidence: evidenceAt(ownDocument('context', answer), { start: 0, end: 1 }, { text: answer, start: 0 }),
          };
    const examples = [asked(['Rosa Lind']), asked([]), asked(['the red door', 'a red door'])];
    const outputs = [given('Rosa Lind', 0.9), given('Rosa', 0.4), given(null, 0.1)];
    assert.deepEqual(chooseThreshold(profileWith({ type: 'answer' }), examples, outputs, { precision: 1 }), {
      value: { min: 0.65, below: 'abstain' },
      shares: { coverage: 1 / 3, reached: 1 },
    });
  });

  it('lets equal scores pass together', () => {
    const list: [number, boolean][] = [
      [0.9, true],
      [0.7, true],
      [0.7, false],
      [0.4, false],
    ];
    assert.deepEqual(choose(list, { precision: 0.9 }), {
      value: { min: 0.8, below: 'abstain' },
      shares: { coverage: 0.25, reached: 1 },
    });
    assert.equal(choose(list, { coverage: 0.5 }).shares.coverage, 0.75);
  });

  it('that is never reached is an error that says so', () => {
    assert.throws(
      () => choose([[0.9, false]], { precision: 0.8 }),
      (error: unknown) => error instanceof SlmError && /no threshold reaches the precision 0\.8/u.test(error.message),
    );
  });

  it('that is never reached names the highest one, which can be asked for', () => {
    const lists: [number, boolean][][] = [
      Array.from({ length: 19 }, (_, i) => [1 - i / 20, i !== 0]),
      Array.from({ length: 7 }, (_, i) => [0.5, i % 3 !== 0]),
      [[0.9, false]],
    ];
    for (const list of lists) {
      let message = '';
      try {
        choose(list, { precision: 0.99 });
      } catch (error) {
        message = error instanceof SlmError ? error.message : '';
      }
      const [, highest = '', count = '', all] =
        /the highest is (\S+), with the surest (\d+) of (\d+)/u.exec(message) ?? [];
      assert.equal(Number(all), list.length, message);
      const { shares } = choose(list, { precision: Number(highest) });
      assert.equal(shares.coverage, Number(count) / list.length, message);
    }
  });

  it('is chosen over entities where the task finds them, and keeps what happens below it', () => {
    const task = profileWith({ type: 'extract', labels: [labelOf('name')], threshold: { min: 0.5, below: 'abstain' } });
    const entity = (text: string, at: number, score?: number) => ({
      text,
      label: 'name',
      start: at,
      end: at + text.length,
      ...(score === undefined ? {} : { score }),
    });
    const examples = [
      exampleWith('Ann met Bob', { type: 'extract', entities: [entity('Ann', 0)] }),
      exampleWith('no one', { type: 'extract', entities: [] }),
    ];
    const outputs: Output[] = [
      { type: 'extract', entities: [entity('Ann', 0, 0.9), entity('Bob', 8, 0.4)] },
      { type: 'extract', entities: [] },
    ];
    assert.deepEqual(chooseThreshold(task, examples, outputs, { precision: 0.9 }), {
      value: { min: 0.65, below: 'abstain' },
      shares: { coverage: 0.5, reached: 1 },
    });
    const silent = outputs.map((): Output => ({ type: 'extract', entities: [] }));
    assert.throws(() => chooseThreshold(task, examples, silent, { coverage: 0.5 }), /nothing was predicted/u);
  });

  it('holds back, applied to the same results, exactly what it was chosen for', () => {
    // Scores as close to each other as they come.
    const score = fc.oneof(
      fc.integer({ min: 1, max: 999_999 }).map((n) => n / 1e6),
      fc.constantFrom(0.50001, 0.50002, 0.50004, 1),
    );
    const target = fc.oneof(
      fc.constantFrom(0.5, 0.7, 0.9).map((precision) => ({ precision })),
      fc.constantFrom(0.2, 0.5, 0.9).map((coverage) => ({ coverage })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(score, fc.boolean()), { minLength: 1, maxLength: 12 }), target, (list, wanted) => {
        const [examples, outputs] = decided(list);
        let found: ReturnType<typeof chooseThreshold>;
        try {
          found = chooseThreshold(profile, examples, outputs, wanted);
        } catch (error) {
          assert.ok(error instanceof SlmError && 'precision' in wanted);
          return;
        }
        const given = list.filter(([value]) => value >= found.value.min);
        const { coverage, reached } = found.shares;
        assert.equal(given.length / list.length, coverage);
        assert.equal(given.filter(([, right]) => right).length / given.length, reached);
        assert.ok('precision' in wanted ? reached >= wanted.precision : coverage >= wanted.coverage);
      }),
      { numRuns: 500 },
    );
  });

  it('is read as the program reads it', () => {
    const [, [output]] = decided([[0.8, true]]);
    const { value } = choose(five, { precision: 0.9 });
    assert.deepEqual(decideLabel(output as ClassifyOutput, value, profile.labels).labels, ['positive']);
    assert.equal(
      decideLabel({ ...(output as ClassifyOutput), scores: { positive: 0.7 } }, value, profile.labels).abstained,
      true,
    );
  });
});

describe('a threshold of several labels', () => {
  const task = profileWith({
    multiLabel: true,
    labels: ['red', 'blue', 'green'].map((name) => labelOf(name)),
    threshold: { min: 0.5, below: 'abstain' },
  });
  const text = (labels: string[]): Example => exampleWith(labels.join(' '), { type: 'classify', labels });
  const scored = (red: number, blue: number, green: number): ClassifyOutput => ({
    type: 'classify',
    labels: [],
    abstained: false,
    score: Math.max(red, blue, green),
    scores: { red, blue, green },
  });
  const examples = [text(['red', 'blue']), text(['blue']), text([])];
  const outputs = [scored(0.9, 0.4, 0.1), scored(0.3, 0.45, 0.2), scored(0.2, 0.05, 0.25)];

  it('has the best micro F1, also below one half', () => {
    // 0.9, 0.45 and 0.4 are right and all that is; 0.3 would be a mistake.
    assert.deepEqual(bestThreshold(task, examples, outputs), {
      value: { min: 0.35, below: 'abstain' },
      shares: null,
    });
  });

  it('is one half where nothing is ever right', () => {
    assert.equal(bestThreshold(task, [text([])], [scored(0.4, 0.4, 0.4)])?.value.min, 0.5);
  });

  it('is left alone where the task names another one, or has one label a text', () => {
    assert.equal(bestThreshold({ ...task, threshold: { min: 0.8, below: 'abstain' } }, examples, outputs), null);
    assert.equal(bestThreshold(profileWith(), ...decided([[0.9, true]])), null);
  });

  it('decides held-out texts by those of other folds alone', () => {
    // Without the first text the best is between 0.45 and 0.3; without the second between 0.4 and 0.25.
    const given = decideHeldOut(task, examples, outputs, [0, 1, 2]).map((output) => (output as ClassifyOutput).labels);
    assert.deepEqual(given, [['red', 'blue'], ['blue'], []]);
    const strict = decideHeldOut({ ...task, threshold: { min: 0.8, below: 'abstain' } }, examples, outputs, [0, 1, 2]);
    assert.deepEqual(
      strict.map((output) => (output as ClassifyOutput).labels),
      [['red'], [], []],
    );
  });

  it('is never worse on its own texts than any other', () => {
    const score = fc.integer({ min: 0, max: 100 }).map((n) => n / 100);
    const row = fc.tuple(score, score, score, fc.subarray(['red', 'blue', 'green']));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), score, (rows, other) => {
        const gold = rows.map(([, , , labels]) => text(labels));
        const said = rows.map(([red, blue, green]) => scored(red, blue, green));
        const f1 = (min: number) => {
          let right = 0;
          let counted = 0;
          rows.forEach(([red, blue, green, labels]) => {
            const given = Object.entries({ red, blue, green }).filter(([, value]) => value >= min);
            right += given.filter(([name]) => labels.includes(name)).length;
            counted += given.length + labels.length;
          });
          return counted === 0 ? 0 : (2 * right) / counted;
        };
        const { value } = bestThreshold(task, gold, said) ?? assert.fail();
        assert.ok(f1(value.min) >= f1(other) - 1e-12, `${value.min} ${other}`);
      }),
      { numRuns: 500 },
    );
  });
});
