import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fewShotPrompts, furtherPrompts } from '../../src/methods/candidates/few-shot-prompts.js';
import { mostNearest, nearestPrompt } from '../../src/methods/candidates/nearest-prompt.js';
import { isSkewed } from '../../src/methods/candidates/skew.js';
import { tuningMetric } from '../../src/tune/objective.js';
import type { Example } from '../../src/types.js';
import { exampleWith, labelled, labelOf, profileWith } from '../helpers/profiles.js';
import { sessionWith } from '../helpers/tune-session.js';

const session = sessionWith();

function texts(positive: number, negative: number): Example[] {
  return [
    ...Array.from({ length: positive }, (_, i) => labelled(`fine ${i}`, 'positive')),
    ...Array.from({ length: negative }, (_, i) => labelled(`poor ${i}`, 'negative')),
  ];
}

const shown = (positive: number, negative: number, count: number) =>
  fewShotPrompts(session, texts(positive, negative), [count])[0]
    ?.shots.map(({ fields, label }) => `${fields.text} ${label}`)
    .join(', ');

describe('examples in the prompt', () => {
  it('are as many of each label, in turn', () => {
    assert.equal(shown(20, 20, 4), 'fine 0 positive, poor 0 negative, fine 1 positive, poor 1 negative');
    assert.equal(shown(20, 20, 0), '');
  });

  it('are a third of a label at most, and no more of the others in its place', () => {
    assert.equal(shown(300, 3, 4), 'fine 0 positive, poor 0 negative, fine 1 positive');
  });

  it('are none where a label that occurs would not be shown', () => {
    assert.equal(shown(300, 2, 4), undefined);
    assert.equal(shown(300, 0, 2), 'fine 0 positive');
  });

  it('are not tried in the same number twice where there are no more', () => {
    const counts = fewShotPrompts(session, texts(10, 10), [0, 4, 8, 16]).map(({ count }) => count);
    assert.deepEqual(counts, [0, 4, 6]);
  });

  it('come in several sets without one twice, with the labels in another order, as far as a third of each label goes', () => {
    const examples = texts(18, 18);
    const [first] = fewShotPrompts(session, examples, [4]);
    assert.ok(first !== undefined);
    const more = furtherPrompts(session, examples, first, 2);
    assert.deepEqual(
      more?.map(({ shots }) => shots.map(({ fields }) => fields.text).join(', ')),
      ['poor 2, fine 2, poor 3, fine 3', 'fine 4, poor 4, fine 5, poor 5'],
    );
    assert.equal(furtherPrompts(session, examples, first, 3), null);
  });

  it('are looked for among no more texts than are needed: counting the tokens of all takes minutes', () => {
    let counted = 0;
    const engine = {
      ...session.engine,
      tokenize: (...given: Parameters<typeof session.engine.tokenize>) => {
        counted++;
        return session.engine.tokenize(...given);
      },
    };
    const examples = texts(2000, 2000);
    const [prompt] = fewShotPrompts(sessionWith({ engine }), examples, [16]);
    assert.equal(prompt?.count, 16);
    assert.ok(counted < 200, `${counted}`);
    assert.equal(nearestPrompt(sessionWith({ engine }), examples, 8)?.shots.length, mostNearest);
    assert.ok(counted < 1200, `${counted}`);
  });

  it('say all labels of a text that has several, as the model reads them', () => {
    const labels = [labelOf('late_parcel', { word: 'late parcel' }), labelOf('refund'), labelOf('praise')];
    const several = sessionWith({ profile: profileWith({ multiLabel: true, labels }) });
    const list = ['refund late_parcel', 'refund', 'praise'].flatMap((names) =>
      Array.from({ length: 3 }, (_, i) => exampleWith(`${names} ${i}`, { type: 'classify', labels: names.split(' ') })),
    );
    const [prompt] = fewShotPrompts(several, list, [2]);
    assert.deepEqual(
      prompt?.shots.map(({ label }) => label),
      ['late parcel, refund', 'praise'],
    );
  });

  it('are of labels that are apart in the list where there are more labels than examples', () => {
    const names = Array.from({ length: 12 }, (_, i) => `label${i}`);
    const labels = names.map((name) => labelOf(name));
    const many = sessionWith({ profile: profileWith({ labels }) });
    const list = names.flatMap((name) => Array.from({ length: 6 }, (_, i) => labelled(`${name} ${i}`, name)));
    const of = (examples: readonly Example[], count: number) =>
      fewShotPrompts(many, examples, [count])[0]?.shots.map(({ label }) => label);
    assert.deepEqual(of(list, 4), ['label0', 'label3', 'label6', 'label9']);
    assert.deepEqual(of(list, 12), names);
    // A label that is too rare to be shown is passed over, but not where there is room for each.
    const rare = list.filter(({ record }) => !/^label3 [2-5]/u.test(record.text));
    assert.deepEqual(of(rare, 4), ['label0', 'label4', 'label7', 'label10']);
    assert.equal(of(rare, 12), undefined);
  });

  it('are short ones, and leave room for the longest text', () => {
    const long = labelled('word '.repeat(200).trim(), 'positive');
    const [prompt] = fewShotPrompts(session, [long, ...texts(20, 20)], [4]);
    assert.deepEqual([prompt?.count, prompt?.inPrompt.has(long)], [4, false]);
    const longer = labelled('word '.repeat(2000).trim(), 'positive');
    assert.deepEqual(fewShotPrompts(session, [...texts(20, 20), longer], [4]), []);
  });
});

describe('the measure of a search', () => {
  const { profile } = session;

  it('is accuracy, and macro F1 where more than four of five examples have the same label', () => {
    assert.equal(tuningMetric(profile, texts(80, 20)).name, 'accuracy');
    assert.equal(tuningMetric(profile, texts(81, 19)).name, 'macro-f1');
    assert.equal(tuningMetric({ type: 'classify', multiLabel: true }, texts(99, 1)).name, 'micro-f1');
    assert.equal(tuningMetric({ type: 'extract', multiLabel: false }, []).name, 'entity-f1');
  });

  it('never calls a task without single labels skewed', () => {
    assert.equal(isSkewed({ type: 'classify', multiLabel: true }, texts(99, 1)), false);
    assert.equal(isSkewed(profile, texts(99, 1)), true);
  });
});
