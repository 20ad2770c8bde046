import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlmError } from '../../src/errors.js';
import { checkEnough, fittingTexts, tuningData } from '../../src/tune/data.js';
import type { Example } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { exampleWith, labelled, labelOf, profileWith } from '../helpers/profiles.js';

const profile = profileWith();

/** So many texts, half of them positive. */
function texts(count: number): Example[] {
  return Array.from({ length: count }, (_, i) => labelled(`text number ${i}`, i % 2 === 0 ? 'positive' : 'negative'));
}

const contentOf = ({ record }: Example) => record.text;

const usage = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SlmError, String(error));
  assert.match(error.message, message);
  assert.equal(error.exitCode, 2);
  return true;
};

describe('data to tune on', () => {
  it('that is clean is taken as it is, without a word', () => {
    const clean = texts(60);
    const { examples, notices } = tuningData(profile, clean, []);
    assert.deepEqual(examples, clean);
    assert.deepEqual(notices, []);
  });

  it('has each text once', () => {
    const { examples, notices } = tuningData(
      profile,
      [...texts(60), ...texts(3), labelled(' text number 5 ', 'negative')],
      [],
    );
    assert.equal(examples.length, 60);
    assert.deepEqual(notices, ['4 repetitions are left out']);
  });

  it('has no text that is labelled in two ways: neither of them counts', () => {
    const data = [...texts(60), labelled('text number 7', 'positive'), labelled('text number 7', 'negative')];
    const { examples, notices } = tuningData(profile, data, []);
    assert.equal(examples.length, 59);
    assert.ok(!examples.some((example) => contentOf(example) === 'text number 7'));
    assert.match(
      notices.join('\n'),
      /1 texts have different labels in different places and are left out; the first is at in\.jsonl:1/u,
    );
  });

  it('takes several labels in any order for the same', () => {
    const task = profileWith({ multiLabel: true });
    const both = (...labels: string[]) => exampleWith('text number 3', { type: 'classify', labels });
    const data = [
      ...texts(60).filter((e) => contentOf(e) !== 'text number 3'),
      both('positive', 'negative'),
      both('negative', 'positive'),
    ];
    const { examples, notices } = tuningData(task, data, []);
    assert.equal(examples.length, 60);
    assert.deepEqual(notices, ['1 repetitions are left out']);
  });

  it('has no empty texts', () => {
    const { examples, notices } = tuningData(profile, [...texts(60), labelled(' \n', 'positive')], []);
    assert.equal(examples.length, 60);
    assert.deepEqual(notices, ['1 empty texts are left out']);
  });

  it('must be enough, counted after all that', () => {
    assert.throws(() => tuningData(profile, [], []), usage(/0 examples to tune on; at least \d+ are needed/u));
    const same = Array.from({ length: 50 }, () => labelled('one', 'positive'));
    assert.throws(() => tuningData(profile, same, []), usage(/^1 examples to tune on/u));
  });

  it('that is little is said to be little', () => {
    assert.match(tuningData(profile, texts(12), []).notices.join('\n'), /with 12 examples, figures are rough/u);
  });

  it('of one label only cannot be tuned on', () => {
    const alike = texts(60).map((example) => labelled(contentOf(example), 'positive'));
    assert.throws(() => tuningData(profile, alike, []), usage(/all 60 examples have the label "positive"/u));
  });

  it('must not be what the task is measured on, however it is written', () => {
    const fixture = labelled('Text, number: 9!', 'negative');
    const moved = { ...fixture, record: { ...fixture.record, origin: { file: 'test.jsonl', line: 4 } } };
    assert.throws(
      () => tuningData(profile, texts(60), [moved]),
      usage(/^in\.jsonl:1: this example is also a fixture \(test\.jsonl:4\)/u),
    );
  });

  it('with labels that are rare or missing is said to be so', () => {
    const task = profileWith({ labels: ['positive', 'negative', 'mixed', 'none'].map((name) => labelOf(name)) });
    const { notices } = tuningData(task, [...texts(60), labelled('well', 'mixed')], []);
    assert.deepEqual(notices, [
      'no example has "none": what is tuned will hardly ever say so',
      'fewer than 5 examples have "mixed"',
    ]);
  });

  it('for finding entities must have some', () => {
    const task = profileWith({ type: 'extract', labels: [labelOf('name'), labelOf('place')] });
    const without = texts(60).map((example) => exampleWith(contentOf(example), { type: 'extract', entities: [] }));
    assert.throws(() => tuningData(task, without, []), usage(/none of the 60 examples has an entity/u));
    const entity = { text: 'text', label: 'name', start: 0, end: 4 };
    const some = without.map((example, i) =>
      i < 12 ? { ...example, gold: { type: 'extract' as const, entities: [entity] } } : example,
    );
    assert.deepEqual(tuningData(task, some, []).notices, ['fewer than 10 entities are "place"']);
  });

  it('has the same digest for the same texts and gold, and another for others', () => {
    const digest = (data: Example[]) => tuningData(profile, data, []).sha256;
    const one = digest(texts(60));
    assert.equal(digest([...texts(60), ...texts(2)]), one);
    assert.notEqual(digest(texts(59)), one);
    const flipped = texts(60).map((example, i) => (i === 8 ? labelled(contentOf(example), 'negative') : example));
    assert.notEqual(digest(flipped), one);
    assert.notEqual(digest(texts(60).reverse()), one);
  });

  it('that a prompt cannot hold twice is left out, and where it stands is said', () => {
    // 2,048 / 2 − 32 = 992; the fake engine has a token for each " ab".
    const long = (count: number) => labelled('ab '.repeat(count).trim(), 'positive');
    const engine = fakeEngine();
    assert.deepEqual(fittingTexts(texts(60), engine), { examples: texts(60), notice: null });
    const { examples, notice } = fittingTexts([...texts(60), long(992), long(993), long(3000)], engine);
    assert.equal(examples.length, 61);
    assert.equal(notice, '2 texts have more than 992 tokens and are left out; the first is at in.jsonl:1');
    const { examples: few } = fittingTexts([...texts(5), long(2000)], engine);
    assert.throws(() => checkEnough(few, []), usage(/^5 examples to tune on/u));
  });
});
