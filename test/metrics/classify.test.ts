import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perClass } from '../../src/metrics/per-class.js';
import { confusion } from '../../src/task-types/classify/metrics/confusion.js';
import { countLabels } from '../../src/task-types/classify/metrics/label-f1.js';
import { reliability } from '../../src/task-types/classify/metrics/reliability.js';
import { allMetrics, metricsFor } from '../../src/task-types/metrics.js';
import type { ClassifyOutput, Pair } from '../../src/types.js';
import { metricNamed } from '../helpers/metrics.js';

/* Reference values: scikit-learn 1.9.1 (sklearn.metrics) on the predictions that `pairs` makes. */

const labels = ['a', 'b', 'c', 'd'];
const single = { labels, multiLabel: false };

function pair(gold: readonly string[], output: Partial<ClassifyOutput> | null): Pair {
  const full: ClassifyOutput | null =
    output === null ? null : { type: 'classify', labels: [], abstained: false, score: 0, scores: {}, ...output };
  return { id: '', text: '', gold: { type: 'classify', labels: gold }, output: full };
}

/** 200 records of four labels, softmax scores around the gold one; abstaining below `threshold`. */
function pairs(threshold = 0): Pair[] {
  return Array.from({ length: 200 }, (_, i) => {
    const raw = (i * i + Math.floor(i / 3)) % 4;
    const gold = raw === 3 && i % 2 === 0 ? 3 : raw % 3;
    const exps = labels.map((_, c) => Math.exp(1.2 * Math.sin(i * 0.37 + c * 1.9) + (c === gold ? 1 : 0)));
    const sum = exps.reduce((a, b) => a + b, 0);
    const probabilities = exps.map((exp) => exp / sum);
    const score = Math.max(...probabilities);
    const abstained = score < threshold;
    return pair([labels[gold] as string], {
      labels: abstained ? [] : [labels[probabilities.indexOf(score)] as string],
      abstained,
      score,
      scores: Object.fromEntries(labels.map((label, c) => [label, probabilities[c] as number])),
    });
  });
}

function value(name: string, of: readonly Pair[], context = single): number | null {
  return metricNamed(name).prepare(of, context).value();
}

function near(actual: number | null, expected: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

test('accuracy, macro F1 and Brier score are those of scikit-learn', () => {
  near(value('accuracy', pairs()), 0.485);
  near(value('macro-f1', pairs()), 0.46403299217944527);
  near(value('brier', pairs()), 0.5719685865931364);
});

test('ECE over 15 bins is that of a separate NumPy computation', () => {
  near(value('ece', pairs()), 0.23036617034801957);
});

test('ECE by hand: 0.9 said and right once of twice, 0.5 said and right', () => {
  const say = (score: number, right: boolean): Pair =>
    pair([right ? 'a' : 'b'], { labels: ['a'], score, scores: { a: score } });
  near(value('ece', [say(0.9, true), say(0.9, false), say(0.5, true)]), (2 / 3) * 0.4 + (1 / 3) * 0.5);
});

test('abstaining is wrong for accuracy, a miss for macro F1 and left out of accuracy-answered', () => {
  near(value('accuracy', pairs(0.5)), 0.415);
  near(value('coverage', pairs(0.5)), 0.615);
  near(value('accuracy-answered', pairs(0.5)), 0.415 / 0.615);
  // f1_score(labels=[0, 1, 2, 3], average='macro') with abstentions as a fifth class.
  near(value('macro-f1', pairs(0.5)), 0.5223479140773656);
  assert.equal(metricNamed('accuracy-answered').prepare(pairs(0.5), single).n, 123);
});

test('abstaining does not change ECE or the Brier score, which look at the scores', () => {
  assert.equal(value('ece', pairs(0.5)), value('ece', pairs()));
  assert.equal(value('brier', pairs(0.5)), value('brier', pairs()));
});

test('a failed record is wrong, not answered, and has no score', () => {
  const failed = [pair(['a'], null), pair(['a'], { labels: ['a'], score: 1, scores: { a: 1, b: 0 } })];
  assert.equal(value('accuracy', failed), 0.5);
  assert.equal(value('coverage', failed), 0.5);
  assert.equal(metricNamed('ece').prepare(failed, single).n, 1);
  assert.equal(value('brier', failed), 0);
});

test('several labels: subset accuracy, micro and macro F1 are those of scikit-learn', () => {
  const several = Array.from({ length: 200 }, (_, i) => {
    const holding = (shift: number): string[] => labels.filter((_, c) => (i * (c + 2) + c + shift) % 3 === 0);
    return pair(holding(0), { labels: holding(i % 7 === 0 ? 1 : 0) });
  });
  const context = { labels, multiLabel: true };
  near(value('subset-accuracy', several, context), 0.9);
  near(value('micro-f1', several, context), 0.8507462686567164);
  // scikit-learn divides by four labels, of which one never occurs and counts 0; ours takes those that occur.
  const occurring = labels.filter((label) =>
    several.some(({ gold }) => gold.type === 'classify' && gold.labels.includes(label)),
  );
  near(value('macro-f1', several, context), (0.6380597014925373 * 4) / occurring.length);
});

test('the table by class is precision_recall_fscore_support, with null where nothing is known', () => {
  const rows = perClass(countLabels([...pairs(), pair([], {})]), [...labels, 'never']);
  assert.deepEqual(
    rows.map((row) => [row.label, row.support, row.predicted]),
    [
      ['a', 83, 55],
      ['b', 34, 56],
      ['c', 67, 66],
      ['d', 16, 23],
      ['never', 0, 0],
    ],
  );
  const precision = [0.7272727, 0.3214286, 0.469697, 0.3478261];
  const recall = [0.4819277, 0.5294118, 0.4626866, 0.5];
  const f1 = [0.5797101, 0.4, 0.4661654, 0.4102564];
  for (const [c, row] of rows.slice(0, 4).entries()) {
    assert.ok(Math.abs((row.precision ?? 0) - (precision[c] as number)) < 1e-6);
    assert.ok(Math.abs((row.recall ?? 0) - (recall[c] as number)) < 1e-6);
    assert.ok(Math.abs((row.f1 ?? 0) - (f1[c] as number)) < 1e-6);
  }
  assert.deepEqual(rows[4], { label: 'never', precision: null, recall: null, f1: null, support: 0, predicted: 0 });
});

test('the confusion matrix is confusion_matrix, with columns for abstained and failed records', () => {
  const matrix = confusion([...pairs(), pair(['b'], null), pair(['c'], { abstained: true })], labels);
  assert.deepEqual(matrix.counts, [
    [40, 18, 25, 0],
    [2, 18, 6, 8],
    [13, 16, 31, 7],
    [0, 4, 4, 8],
  ]);
  assert.deepEqual(matrix.abstained, [0, 0, 1, 0]);
  assert.deepEqual(matrix.failed, [0, 1, 0, 0]);
});

test('a label that the profile does not have gets a row and a column of its own', () => {
  const matrix = confusion([pair(['x'], { labels: ['a'] })], ['a']);
  assert.deepEqual(
    [matrix.labels, matrix.counts],
    [
      ['a', 'x'],
      [
        [0, 0],
        [1, 0],
      ],
    ],
  );
});

test('the reliability bins hold every record, and a score of exactly 0.2 is in the bin that ends there', () => {
  const bins = reliability(pairs());
  assert.equal(bins.length, 15);
  assert.equal(
    bins.reduce((sum, bin) => sum + bin.n, 0),
    200,
  );
  const [bin] = reliability([pair(['a'], { labels: ['a'], score: 0.2, scores: { a: 0.2 } })], 5);
  assert.deepEqual(bin, { low: 0, high: 0.2, n: 1, confidence: 0.2, accuracy: 1 });
});

test('metrics have names of their own, and fit the task', () => {
  const names = allMetrics.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    metricsFor('classify', true).map(({ name }) => name),
    ['subset-accuracy', 'macro-f1', 'micro-f1'],
  );
  assert.deepEqual(
    metricsFor('generate', false).map(({ name }) => name),
    ['valid', 'exact-output', 'field-f1'],
  );
});

test('a metric without items is null, not zero', () => {
  assert.equal(value('accuracy', []), null);
  assert.equal(value('entity-f1', pairs()), null);
});
