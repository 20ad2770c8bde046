import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapIntervals } from '../../src/metrics/bootstrap.js';
import { mcNemar, pairedDifference } from '../../src/metrics/significance.js';
import type { PreparedMetric } from '../../src/metrics/types.js';
import { createRandom, shuffle } from '../../src/random.js';
import { metricsFor } from '../../src/task-types/metrics.js';
import type { Entity, Pair } from '../../src/types.js';
import { metricNamed } from '../helpers/metrics.js';

const labels = ['a', 'b'];
const context = { labels, multiLabel: false };

/** `right` of every ten records are right. */
function classified(n: number, right: number): Pair[] {
  return Array.from({ length: n }, (_, i) => {
    const label = labels[i % 2] as string;
    const predicted = i % 10 < right ? label : (labels[(i + 1) % 2] as string);
    const score = 0.5 + (i % 50) / 100;
    const scores = Object.fromEntries(labels.map((l) => [l, l === predicted ? score : 1 - score]));
    return {
      id: `${i}`,
      text: '',
      gold: { type: 'classify', labels: [label] },
      output: { type: 'classify', labels: [predicted], abstained: false, score, scores },
    };
  });
}

function accuracyOf(pairs: readonly Pair[]): PreparedMetric {
  return metricNamed('accuracy').prepare(pairs, context);
}

test('xoshiro128** gives the stream of a separate Python implementation', () => {
  const random = createRandom(42);
  const stream = Array.from({ length: 4 }, () => random.next() * 2 ** 32);
  assert.deepEqual(stream, [2837322924, 544945897, 479756282, 3500138142]);
});

test('the numbers are spread evenly and a shuffle is a permutation', () => {
  const random = createRandom(7);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const digit = random.below(10);
    counts[digit] = (counts[digit] ?? 0) + 1;
  }
  // 10,000 ± 4 standard deviations of 95.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 380, `${counts}`);
  const items = Array.from({ length: 100 }, (_, i) => i);
  const shuffled = shuffle(items, random);
  assert.notDeepEqual(shuffled, items);
  assert.deepEqual(
    [...shuffled].sort((a, b) => a - b),
    items,
  );
});

test('the interval of an accuracy is the normal one, ± 1.96 standard errors', () => {
  // 80 % of 1,000: standard error 0.01265.
  const [interval] = bootstrapIntervals([accuracyOf(classified(1000, 8))], { seed: 1, resamples: 4000 });
  assert.ok(Math.abs((interval?.low ?? 0) - 0.7752) < 0.003, `${interval?.low}`);
  assert.ok(Math.abs((interval?.high ?? 0) - 0.8248) < 0.003, `${interval?.high}`);
});

test('the same seed gives the same interval, and a metric the same alone as beside others', () => {
  const [accuracy, f1] = [metricNamed('accuracy'), metricNamed('macro-f1')].map((m) =>
    m.prepare(classified(200, 7), context),
  );
  const both = bootstrapIntervals([accuracy as PreparedMetric, f1 as PreparedMetric], { seed: 3 });
  assert.deepEqual(bootstrapIntervals([f1 as PreparedMetric], { seed: 3 })[0], both[1]);
  assert.notDeepEqual(bootstrapIntervals([f1 as PreparedMetric], { seed: 4 })[0], both[1]);
});

test('a metric that does not apply has no interval', () => {
  assert.deepEqual(bootstrapIntervals([metricNamed('entity-f1').prepare(classified(20, 5), context)], { seed: 1 }), [
    null,
  ]);
  assert.deepEqual(bootstrapIntervals([accuracyOf([])], { seed: 1 }), [null]);
});

test('metrics of different pairs cannot share draws', () => {
  const [a, b] = [accuracyOf(classified(20, 5)), accuracyOf(classified(30, 5))];
  assert.throws(() => bootstrapIntervals([a, b], { seed: 1 }), /not over the same pairs/);
});

test('all classification metrics over 872 items, 1,000 draws, take less than 2 seconds', () => {
  const pairs = classified(872, 8);
  const start = process.cpuUsage();
  const prepared = metricsFor('classify', false).map((metric) => metric.prepare(pairs, context));
  bootstrapIntervals(prepared, { seed: 1 });
  const seconds = process.cpuUsage(start).user / 1e6;
  assert.ok(seconds < 2, `${seconds} s of the processor`);
});

test('entity F1 over 3,500 sentences takes less than a second', () => {
  const pairs = Array.from({ length: 3500 }, (_, i): Pair => {
    const entity: Entity = { start: i % 7, end: (i % 7) + 3, text: '', label: 'PER' };
    const output = { type: 'extract', entities: i % 4 === 0 ? [] : [entity] } as const;
    return { id: `${i}`, text: '', gold: { type: 'extract', entities: [entity] }, output };
  });
  const start = process.cpuUsage();
  bootstrapIntervals([metricNamed('entity-f1').prepare(pairs, context)], { seed: 1 });
  const seconds = process.cpuUsage(start).user / 1e6;
  assert.ok(seconds < 1, `${seconds} s of the processor`);
});

test('McNemar’s exact p is binomtest of SciPy 1.17.1', () => {
  const systems = (onlyFirst: number, onlySecond: number): [boolean[], boolean[]] => {
    const first = [...Array<boolean>(onlyFirst).fill(true), ...Array<boolean>(onlySecond).fill(false), true, false];
    const second = [...Array<boolean>(onlyFirst).fill(false), ...Array<boolean>(onlySecond).fill(true), true, false];
    return [first, second];
  };
  const { onlyFirst, onlySecond, p } = mcNemar(...systems(3, 12));
  assert.deepEqual([onlyFirst, onlySecond], [3, 12]);
  assert.ok(Math.abs(p - 0.03515625) < 1e-12);
  assert.ok(Math.abs(mcNemar(...systems(600, 400)).p / 2.728464156065947e-10 - 1) < 1e-6);
  assert.equal(mcNemar(...systems(5, 5)).p, 1);
  assert.equal(mcNemar(...systems(0, 0)).p, 1);
});

test('a difference of 10 points on 1,000 items is significant, none is not', () => {
  const better = accuracyOf(classified(1000, 9));
  const worse = accuracyOf(classified(1000, 8));
  const found = pairedDifference(better, worse, { seed: 1 });
  assert.ok(Math.abs((found?.difference ?? 0) - 0.1) < 1e-12);
  assert.ok((found?.interval.low ?? 0) > 0.07 && (found?.interval.high ?? 1) < 0.13);
  assert.ok((found?.p ?? 1) < 0.01);
  assert.equal(pairedDifference(better, better, { seed: 1 })?.p, 1);
});
