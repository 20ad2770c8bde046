import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestSentence } from '../../src/baselines/best-sentence.js';
import { gazetteer } from '../../src/baselines/gazetteer.js';
import { reportedBaselines, strongestBaseline } from '../../src/baselines/index.js';
import { lexicalClassifier } from '../../src/baselines/lexical-classifier.js';
import { majorityLabel, noEntity, sameAnswer } from '../../src/baselines/majority.js';
import type { ClassifyOutput, Example, Gold, InputRecord, TaskType } from '../../src/types.js';

function record(text: string, fields: Record<string, unknown> = {}): InputRecord {
  return { index: 0, id: '0', text, fields, added: null, origin: { file: '-', line: 1 } };
}

function example(text: string, gold: Gold, fields: Record<string, unknown> = {}): Example {
  return { record: record(text, fields), gold };
}

function labelled(text: string, ...labels: string[]): Example {
  return example(text, { type: 'classify', labels });
}

const context = { labels: ['good', 'bad'], multiLabel: false, seed: 1 };

test('majority says the most frequent label, with the frequencies as scores', () => {
  const predict = majorityLabel.train([labelled('x', 'bad'), labelled('y', 'bad'), labelled('z', 'good')], context);
  assert.deepEqual(predict(record('anything')), {
    type: 'classify',
    labels: ['bad'],
    abstained: false,
    score: 2 / 3,
    scores: { good: 1 / 3, bad: 2 / 3 },
  });
});

test('majority finds no entity and gives no answer', () => {
  const none = { labels: [], multiLabel: false, seed: 1 };
  assert.deepEqual(noEntity.train([example('x', { type: 'extract', entities: [] })], none)(record('x')), {
    type: 'extract',
    entities: [],
  });
  const output = sameAnswer.train([example('x', { type: 'answer', answers: ['y'] })], none)(record('x'));
  assert.equal(output.type === 'answer' && output.answer, null);
});

const nouns = ['film', 'plot', 'cast', 'music', 'ending', 'script', 'scene', 'story', 'actor', 'sound'];
const praise = nouns.map((noun) => labelled(`a wonderful ${noun}, truly charming`, 'good'));
const blame = nouns.map((noun) => labelled(`a tedious ${noun}, truly awful`, 'bad'));

test('the lexical model learns words and parts of words', () => {
  const predict = lexicalClassifier.train([...praise, ...blame], context);
  const output = predict(record('charmingly wonderful')) as ClassifyOutput;
  assert.deepEqual(output.labels, ['good']);
  assert.ok(output.score > 0.6);
  assert.ok(Math.abs(Object.values(output.scores).reduce((a, b) => a + b, 0) - 1) < 1e-12);
  const second = lexicalClassifier.train([...praise, ...blame], context)(record('charmingly wonderful'));
  assert.deepEqual(second, output);
});

test('the lexical model gives several labels, or none, where the task has several', () => {
  const both = nouns.map((noun) => labelled(`a wonderful ${noun}, but awful, tedious, charming`, 'good', 'bad'));
  const neither = nouns.map((noun) => labelled(`there is some ${noun} here today`));
  const predict = lexicalClassifier.train([...praise, ...blame, ...both, ...neither], { ...context, multiLabel: true });
  const labels = (text: string): readonly string[] => (predict(record(text)) as ClassifyOutput).labels;
  assert.deepEqual(labels('a wonderful film, but awful, tedious, charming'), ['good', 'bad']);
  assert.deepEqual(labels('there is some film here today'), []);
});

test('the lexical model falls back to the majority with a single label or example', () => {
  const predict = lexicalClassifier.train([labelled('x', 'good')], context);
  assert.deepEqual((predict(record('y')) as ClassifyOutput).labels, ['good']);
});

function sentence(text: string, ...names: (readonly [string, string])[]): Example {
  const entities = names.map(([name, label]) => {
    const start = text.indexOf(name);
    return { start, end: start + name.length, text: name, label };
  });
  return example(text, { type: 'extract', entities });
}

test('the gazetteer takes the longest known name on word boundaries, with its usual label', () => {
  const predict = gazetteer.train(
    [
      sentence('New York is large.', ['New York', 'LOC']),
      sentence('New York Times writes.', ['New York Times', 'ORG']),
      sentence('Ann met New York.', ['Ann', 'PER'], ['New York', 'ORG']),
      sentence('Off to New York.', ['New York', 'LOC']),
    ],
    { labels: ['LOC', 'ORG', 'PER'], multiLabel: false, seed: 1 },
  );
  const output = predict(record('Anna read the New York Times in New York with Ann.'));
  assert.deepEqual(output.type === 'extract' && output.entities, [
    { start: 14, end: 28, text: 'New York Times', label: 'ORG', score: 1 },
    { start: 32, end: 40, text: 'New York', label: 'LOC', score: 2 / 3 },
    { start: 46, end: 49, text: 'Ann', label: 'PER', score: 1 },
  ]);
});

const manual = 'The pump has a filter.\nClean the filter every month. Never open the motor.';
const questions = [
  example('How often must I clean the filter?', { type: 'answer', answers: ['every month'] }, { context: manual }),
  example('Who painted the ceiling in Rome?', { type: 'answer', answers: [] }, { context: manual }),
];

test('the best sentence is the one that shares the rare words; too few shared words are no answer', () => {
  const predict = bestSentence.train(questions, { labels: [], multiLabel: false, seed: 1 });
  const output = predict(record('When to clean the filter?', { context: manual }));
  assert.ok(output.type === 'answer');
  assert.equal(output.answer, 'Clean the filter every month.');
  assert.deepEqual(output.evidence?.span, { start: 23, end: 52 });
  assert.equal(output.evidence?.line, 2);
  const none = predict(record('Which emperor founded Vienna?', { context: manual }));
  assert.ok(none.type === 'answer');
  assert.equal(none.answer, null);
  const without = predict(record('When?'));
  assert.equal(without.type === 'answer' && without.reason, 'there is no context');
});

test('where answers recur, as verdicts do, the most frequent one is given, and no sentence is copied', () => {
  const none = { labels: [], multiLabel: false, seed: 1 };
  const verdicts = (answers: readonly string[]) =>
    answers.map((each) => example('x', { type: 'answer', answers: each === '' ? [] : [each] }));
  const seen = verdicts(['yes', 'yes', 'no', '', 'yes']);
  const output = sameAnswer.train(seen, none)(record('x'));
  assert.ok(output.type === 'answer');
  assert.deepEqual([output.answer, output.score], ['yes', 0.6]);
  assert.equal(strongestBaseline('answer', seen).name, 'majority');
  assert.deepEqual(
    reportedBaselines('answer', seen).map(({ name }) => name),
    ['majority'],
  );
  // Most have none, or each has another.
  assert.equal(strongestBaseline('answer', verdicts(['yes', 'yes', '', '', ''])).name, 'best-sentence');
  assert.equal(strongestBaseline('answer', verdicts(['1912', 'in Vienna', 'two'])).name, 'best-sentence');
});

test('a task type has the baselines that say they are for it', () => {
  const names = (type: TaskType) => reportedBaselines(type, []).map(({ name }) => name);
  assert.deepEqual(names('classify'), ['majority', 'lexical']);
  assert.deepEqual(names('extract'), ['majority', 'gazetteer']);
  assert.deepEqual(names('answer'), ['majority', 'best-sentence']);
  assert.deepEqual(names('generate'), []);
  assert.deepEqual(
    (['classify', 'extract', 'answer', 'generate'] as const).map((type) => strongestBaseline(type, []).name),
    ['lexical', 'word-tagger', 'best-sentence', 'nearest-output'],
  );
});
