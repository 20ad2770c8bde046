import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { correctionFrom, isUnsure, taughtExamples } from '../../src/methods/teaching.js';
import { spreadOrder } from '../../src/tune/spread.js';
import type { ClassifyOutput, Example, InputRecord } from '../../src/types.js';

const labels = ['yes', 'no'].map((name) => ({ name, description: '', verbalizer: name }));
const profile = { labels, multiLabel: false } as unknown as Parameters<typeof taughtExamples>[0];

const record = (text: string, index = 0): InputRecord =>
  ({
    id: String(index),
    index,
    text,
    fields: { text },
    added: {},
    origin: { file: 'texts.txt', line: index + 1 },
  }) as unknown as InputRecord;

const said = (yes: number): ClassifyOutput => ({
  type: 'classify',
  labels: [yes >= 0.5 ? 'yes' : 'no'],
  abstained: false,
  score: Math.max(yes, 1 - yes),
  scores: { yes, no: 1 - yes },
});

describe('labels of a teacher', () => {
  it('are its likeliest label, with all probabilities, and count less where it is unsure', () => {
    const records = [record('a'), record('b', 1), record('c', 2), record('d', 3)];
    const examples = taughtExamples(profile, records, [said(0.9), said(0.5), null, said(1)], null);
    assert.deepEqual(
      examples.map(({ record: { text }, gold }) => [text, gold]),
      [
        ['a', { type: 'classify', labels: ['yes'] }],
        ['b', { type: 'classify', labels: ['yes'] }],
        ['d', { type: 'classify', labels: ['yes'] }],
      ],
    );
    assert.deepEqual(examples[0]?.taught?.scores, { yes: 0.9, no: 1 - 0.9 });
    // 1 + (0.9 ln 0.9 + 0.1 ln 0.1) / ln 2
    assert.ok(Math.abs((examples[0]?.taught?.weight ?? 0) - 0.531) < 0.001);
    assert.equal(examples[1]?.taught?.weight, 0.1);
    assert.equal(examples[2]?.taught?.weight, 1);
  });

  it('are put right by labelled rows: one that says yes too readily says it less', () => {
    // Whatever it says is 0.3 too likely yes.
    const gold: Example[] = [];
    const outputs: ClassifyOutput[] = [];
    for (let i = 0; i < 60; i++) {
      const yes = i % 2 === 0;
      gold.push({ record: record(`text ${i}`, i), gold: { type: 'classify', labels: [yes ? 'yes' : 'no'] } });
      outputs.push(said((yes ? 0.65 : 0.25) + 0.3 - (i % 5) * 0.01));
    }
    const correction = correctionFrom(profile, gold, outputs, 1);
    assert.ok(correction !== null);
    const right = correction.heldOut.filter(({ labels: [label] }, i) => label === (i % 2 === 0 ? 'yes' : 'no'));
    assert.equal(right.length, 60);
    const [doubtful] = taughtExamples(profile, [record('new')], [said(0.55)], correction);
    assert.deepEqual(doubtful?.gold, { type: 'classify', labels: ['no'] });
  });

  it('are taken as they are where fewer than 20 rows are labelled', () => {
    const gold = Array.from({ length: 19 }, (_, i) => ({
      record: record(`text ${i}`, i),
      gold: { type: 'classify' as const, labels: ['no'] },
    }));
    assert.equal(
      correctionFrom(
        profile,
        gold,
        gold.map(() => said(0.9)),
        1,
      ),
      null,
    );
  });

  it('are unsure where the likeliest is less than 0.2 ahead', () => {
    assert.ok(isUnsure({ multiLabel: false }, said(0.59).scores));
    assert.ok(!isUnsure({ multiLabel: false }, said(0.61).scores));
  });
});

describe('texts in an order that is spread over all', () => {
  const kinds = [
    'my card has not arrived yet',
    'the rate of exchange is wrong',
    'how do I change my secret code',
    'a refund was not paid back',
  ];
  const texts = kinds.flatMap((kind) =>
    Array.from({ length: 25 }, (_, i) => `${kind} ${['please', 'today', 'again', 'sir', 'now'][i % 5]}`),
  );

  it('begins with texts of every kind, the same for the same seed', () => {
    const order = spreadOrder(texts, 12, 1);
    assert.equal(new Set(order).size, 12);
    assert.equal(new Set(order.slice(0, 8).map((place) => Math.floor(place / 25))).size, 4);
    assert.deepEqual(spreadOrder(texts, 12, 1), order);
  });

  it('has every text once where all are asked for, the same ones among them', () => {
    const order = spreadOrder(texts, texts.length, 2);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from(texts.keys()),
    );
  });
});
