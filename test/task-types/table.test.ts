import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { asFlags } from '../../src/task-types/gold-wording.js';
import { taskTypes } from '../../src/task-types/index.js';
import type { GoldContext } from '../../src/task-types/types.js';
import type { AnswerOutput, ClassifyOutput, Entity, Gold, Output } from '../../src/types.js';
import { labelOf } from '../helpers/profiles.js';

const { classify, extract, answer, generate } = taskTypes;

const context: GoldContext = {
  labels: [labelOf('positive', { aliases: ['pos', '1'] }), labelOf('negative', { aliases: ['neg', '0'] })],
  multiLabel: false,
  labelMap: new Map([['A', 'positive']]),
  wording: asFlags,
};
const multi: GoldContext = { ...context, multiLabel: true };
const people: GoldContext = {
  labels: [labelOf('person', { aliases: ['PER'] })],
  multiLabel: false,
  labelMap: new Map(),
  wording: asFlags,
};

function entity(text: string, start: number, label = 'person'): Entity {
  return { start, end: start + text.length, text, label };
}

function classified(labels: string[], scores: Record<string, number> = {}): ClassifyOutput {
  return { type: 'classify', labels, abstained: false, score: 0.5, scores };
}

function answered(text: string | null): AnswerOutput {
  return { type: 'answer', answer: text, score: 0.5 };
}

function pair(gold: Gold, output: Output | null) {
  return { id: '1', text: '', gold, output };
}

describe('the gold of a classification', () => {
  const gold = (fields: Record<string, unknown>, on = context) => classify.readGold(fields, '', on);

  it('is a label by its name, its aliases or the label map, without regard to case', () => {
    for (const label of ['positive', 'Positive', ' POS ', '1', 1, 'A']) {
      assert.deepEqual(gold({ label }), { type: 'classify', labels: ['positive'] });
    }
    assert.deepEqual(gold({ label: 0 }), { type: 'classify', labels: ['negative'] });
    assert.deepEqual(gold({ labels: ['neg'] }), { type: 'classify', labels: ['negative'] });
  });

  it('is none where there is no label', () => {
    assert.equal(gold({ text: 'x' }), null);
    assert.equal(gold({ label: null }), null);
  });

  it('is an error with a suggestion where the label is unknown', () => {
    assert.throws(
      () => gold({ label: 'negativ' }),
      /label "negativ" is not one of positive, negative\. Did you mean "negative"\?/u,
    );
  });

  it('is exactly one label, unless there may be several', () => {
    assert.throws(() => gold({ labels: ['pos', 'neg'] }), /exactly one label, found 2/u);
    assert.throws(() => gold({ label: '' }), /exactly one label, found none$/u);
    assert.deepEqual(gold({ labels: ['pos', 'neg', 'pos'] }, multi), {
      type: 'classify',
      labels: ['positive', 'negative'],
    });
  });

  it('may be a list in one cell where there may be several, and no label at all', () => {
    assert.deepEqual(gold({ label: 'pos; neg' }, multi), { type: 'classify', labels: ['positive', 'negative'] });
    assert.deepEqual(gold({ label: '' }, multi), { type: 'classify', labels: [] });
    assert.deepEqual(gold({ labels: [] }, multi), { type: 'classify', labels: [] });
  });
});

describe('the gold of an extraction', () => {
  const gold = (text: string, entities: unknown) => extract.readGold({ entities }, text, people);

  it('is found by its text where that stands once', () => {
    assert.deepEqual(gold('😀 Ann went.', [{ text: 'Ann', label: 'PER' }]), {
      type: 'extract',
      entities: [entity('Ann', 3)],
    });
  });

  it('is found by its offsets, which count code points', () => {
    assert.deepEqual(
      gold('😀 Ann, Ann', [
        { label: 'person', start: 7, end: 10 },
        { text: 'Ann', label: 'person', start: 2, end: 5 },
      ]),
      {
        type: 'extract',
        entities: [entity('Ann', 3), entity('Ann', 8)],
      },
    );
  });

  it('has any name: "spans" will do', () => {
    assert.deepEqual(extract.readGold({ spans: [{ text: 'Ann', label: 'person' }] }, 'Ann', people), {
      type: 'extract',
      entities: [entity('Ann', 0)],
    });
  });

  it('may be a list in a cell', () => {
    const cell = '[{"text":"Ann","label":"PER"}]';
    assert.deepEqual(gold('Ann', cell), { type: 'extract', entities: [entity('Ann', 0)] });
  });

  it('is empty where there is nothing, and none where it is not said', () => {
    assert.deepEqual(gold('x', []), { type: 'extract', entities: [] });
    assert.equal(gold('x', undefined), null);
    assert.equal(gold('x', null), null);
  });

  it('is an error where the text says otherwise', () => {
    assert.throws(() => gold('Ann', [{ text: 'Bob', label: 'person' }]), /does not contain/u);
    assert.throws(() => gold('Ann Ann', [{ text: 'Ann', label: 'person' }]), /2 times/u);
    assert.throws(() => gold('😀 Ann', [{ text: 'Ann', label: 'person', start: 3, end: 6 }]), /code points/u);
    assert.throws(() => gold('Ann', [{ label: 'person', start: 2, end: 2 }]), /code points/u);
    assert.throws(() => gold('Ann', [{ label: 'person', start: 9, end: 12 }]), /code points/u);
    assert.throws(() => gold('Ann', [{ text: 'Ann' }]), /without a label/u);
    assert.throws(() => gold('Ann', [{ label: 'person' }]), /needs "text"/u);
    assert.throws(() => gold('Ann', [{ text: '', label: 'person' }]), /does not contain/u);
    assert.throws(() => gold('Ann', ['Ann']), /without a label/u);
    assert.throws(() => gold('Ann', 'Ann'), /not a list/u);
  });

  it('does not take offsets outside of the text', () => {
    assert.throws(() => gold('Ann', [{ label: 'person', start: -1, end: 3 }]));
    assert.throws(() => gold('Ann', [{ label: 'person', start: 0, end: 30 }]));
    assert.throws(() => gold('Ann', [{ label: 'person', start: 0.5, end: 3 }]));
  });

  it('comes back from code points to the very same span', () => {
    const texts = fc.array(fc.constantFrom('😀', 'é', 'e\u0301', 'a', ' ', '東'), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), (characters, a, b) => {
        const text = characters.join('');
        const points = [...text];
        const start = a % points.length;
        const end = start + 1 + (b % (points.length - start));
        const found = gold(text, [{ label: 'person', start, end }]);
        assert.deepEqual(found, {
          type: 'extract',
          entities: [entity(points.slice(start, end).join(''), points.slice(0, start).join('').length)],
        });
      }),
    );
  });
});

describe('the gold of an answer or of generated text', () => {
  it('is any of several answers, or none', () => {
    assert.deepEqual(answer.readGold({ answers: ['28', 28] }, '', context), { type: 'answer', answers: ['28', '28'] });
    assert.deepEqual(answer.readGold({ answer: '28' }, '', context), { type: 'answer', answers: ['28'] });
    for (const fields of [{ answers: [] }, { answer: null }, { answer: '' }]) {
      assert.deepEqual(answer.readGold(fields, '', context), { type: 'answer', answers: [] });
    }
    assert.equal(answer.readGold({}, '', context), null);
  });

  it('is text, or a value as JSON', () => {
    assert.deepEqual(generate.readGold({ output: 'x' }, '', context), { type: 'generate', output: 'x' });
    assert.deepEqual(generate.readGold({ output: { a: 1 } }, '', context), { type: 'generate', output: '{"a":1}' });
    assert.equal(generate.readGold({}, '', context), null);
  });
});

describe('merging pieces', () => {
  it('averages probabilities by length', () => {
    const merged = classify.merge?.([
      { output: classified([], { a: 0.9, b: 0.1 }), offset: 0, weight: 30 },
      { output: classified([], { a: 0.1, b: 0.9 }), offset: 31, weight: 10 },
    ]) as ClassifyOutput;
    assert.ok(Math.abs((merged.scores.a as number) - 0.7) < 1e-12);
    assert.ok(Math.abs((merged.scores.b as number) - 0.3) < 1e-12);
  });

  it('of one piece gives it as it is', () => {
    const output = classified(['a'], { a: 1 });
    assert.equal(classify.merge?.([{ output, offset: 0, weight: 1 }]), output);
  });

  it('moves spans to their place in the whole text', () => {
    const pieces = ['Ann', 'Bob'].map((name, i) => ({
      output: { type: 'extract', entities: [entity(name, 4)] } as const,
      offset: 100 * i,
      weight: 50,
    }));
    assert.deepEqual(extract.merge?.(pieces), { type: 'extract', entities: [entity('Ann', 4), entity('Bob', 104)] });
  });

  it('is not possible for answers and generated text', () => {
    assert.deepEqual([answer.merge, generate.merge], [null, null]);
  });
});

describe('an output is correct', () => {
  it('when it has the same labels, in any order', () => {
    const gold: Gold = { type: 'classify', labels: ['a', 'b'] };
    assert.equal(classify.correct(pair(gold, classified(['b', 'a']))), true);
    assert.equal(classify.correct(pair(gold, classified(['a']))), false);
    assert.equal(classify.correct(pair(gold, classified(['a', 'b', 'c']))), false);
    assert.equal(classify.correct(pair({ type: 'classify', labels: [] }, classified([]))), true);
    assert.equal(classify.correct(pair(gold, null)), false);
  });

  it('when it has the same spans with the same labels', () => {
    const gold: Gold = { type: 'extract', entities: [entity('Ann', 0), entity('Bob', 8)] };
    assert.equal(
      extract.correct(pair(gold, { type: 'extract', entities: [entity('Bob', 8), entity('Ann', 0)] })),
      true,
    );
    assert.equal(extract.correct(pair(gold, { type: 'extract', entities: [entity('Ann', 0)] })), false);
    assert.equal(
      extract.correct(pair(gold, { type: 'extract', entities: [entity('Ann', 0), entity('Bob', 8, 'place')] })),
      false,
    );
    assert.equal(
      extract.correct(pair(gold, { type: 'extract', entities: [entity('Ann', 0), entity('Ann', 0)] })),
      false,
    );
  });

  it('when it is one of the answers but for case, articles and punctuation', () => {
    const gold: Gold = { type: 'answer', answers: ['the 28 days', 'four weeks'] };
    assert.equal(answer.correct(pair(gold, answered('28 Days.'))), true);
    assert.equal(answer.correct(pair(gold, answered('28'))), false);
    assert.equal(answer.correct(pair(gold, answered(null))), false);
    assert.equal(answer.correct(pair({ type: 'answer', answers: [] }, answered(null))), true);
    assert.equal(answer.correct(pair({ type: 'answer', answers: [] }, answered('28'))), false);
  });

  it('when it is the same JSON, in any order of keys, or the same text', () => {
    const correct = (gold: string, text: string) =>
      generate.correct(pair({ type: 'generate', output: gold }, { type: 'generate', text }));
    assert.equal(correct('{"a":1,"b":[{"c":2,"d":3}]}', '{ "b": [{"d":3,"c":2}], "a": 1 }'), true);
    assert.equal(correct('[1,2]', '[2,1]'), false);
    assert.equal(correct('yes', ' yes\n'), true);
    assert.equal(correct('yes', 'no'), false);
  });
});

describe('describing', () => {
  it('says in a few words what is there', () => {
    assert.equal(classify.describe({ type: 'classify', labels: ['a', 'b'] }), 'a, b');
    assert.equal(classify.describe({ ...classified([]), abstained: true }), 'abstain');
    assert.equal(classify.describe(classified([])), '(no label)');
    assert.equal(
      extract.describe({ type: 'extract', entities: [entity('Ann', 0), entity('Bob', 8)] }),
      'Ann [person]; Bob [person]',
    );
    assert.equal(extract.describe({ type: 'extract', entities: [] }), '(nothing)');
    assert.equal(answer.describe({ type: 'answer', answers: ['28', 'four weeks'] }), '28 / four weeks');
    assert.equal(answer.describe({ type: 'answer', answers: [] }), '(no answer)');
    assert.equal(answer.describe(answered(null)), '(no answer)');
    assert.equal(answer.describe(answered('28')), '28');
    assert.equal(generate.describe({ type: 'generate', output: 'x' }), 'x');
    assert.equal(generate.describe({ type: 'generate', text: 'y' }), 'y');
  });
});

describe('an entity that is given out', () => {
  it('has no NUL or zero-width space at its ends, and is none where it has nothing else', () => {
    const text = '\0\u200bAnn\u200b \0';
    const given = extract.tidy?.({ type: 'extract', entities: [entity(text.slice(0, 6), 0), entity('\0', 7)] }, text);
    assert.deepEqual(given, { type: 'extract', entities: [entity('Ann', 2)] });
  });
});

describe('the certainty of entities', () => {
  it('is that of the surest one, and nothing where a method gives no scores', () => {
    const entity = { text: 'a', label: 'x', start: 0, end: 1 };
    const confidence = (scores: readonly (number | undefined)[]) =>
      taskTypes.extract.confidence({
        type: 'extract',
        entities: scores.map((score) => (score === undefined ? entity : { ...entity, score })),
      });
    assert.equal(confidence([0.2, 0.7, undefined]), 0.7);
    assert.equal(confidence([undefined, undefined]), null);
    assert.equal(confidence([]), null);
  });
});
