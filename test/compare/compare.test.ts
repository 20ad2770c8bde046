import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { compare, differencesOf } from '../../src/compare/compare.js';
import { readReports } from '../../src/compare/earlier-report.js';
import { checkGate, parseGate } from '../../src/compare/gate.js';
import type { Subject } from '../../src/compare/paired-records.js';
import { figuresOf } from '../../src/evaluate/figures.js';
import { pairOf, recordName } from '../../src/evaluate/records.js';
import type { Report } from '../../src/evaluate/report.js';
import { holm } from '../../src/metrics/holm.js';
import { mcNemar, pairedDifference } from '../../src/metrics/significance.js';
import { metricsFor } from '../../src/task-types/metrics.js';
import type { Example, Output } from '../../src/types.js';
import { metricNamed } from '../helpers/metrics.js';
import { labelled, profileWith } from '../helpers/profiles.js';
import { tempFolder } from '../helpers/slm.js';

const profile = profileWith();

function say(label: string, score = 0.9): Output {
  const other = label === 'positive' ? 'negative' : 'positive';
  return { type: 'classify', labels: [label], abstained: false, score, scores: { [label]: score, [other]: 1 - score } };
}

/** What `slm eval` would report for these labels; null is a record that failed. */
function subject(
  name: string,
  examples: readonly Example[],
  labels: readonly (string | null)[],
  secondsPerThousand = 1,
): Subject {
  const records = examples.map((example, i) => {
    const label = labels[i] ?? null;
    return { ...recordName(example), correct: false, output: label === null ? null : say(label), ms: 1 };
  });
  const pairs = examples.map((example, i) => pairOf(example, records[i]?.output ?? null));
  const context = { labels: ['positive', 'negative'], multiLabel: false };
  const report = {
    task: 't',
    type: 'classify',
    model: { name, sha256: null },
    figures: figuresOf(metricsFor('classify', false), pairs, context, null),
    records,
    speed: { cost: { secondsPerThousand }, latencyMs: { p50: 1, p95: 2 } },
  };
  return { name, report: report as unknown as Report, file: null };
}

const examples = Array.from({ length: 20 }, (_, i) => labelled(`text ${i}`, i % 2 === 0 ? 'positive' : 'negative'));
const gold = examples.map((_, i) => (i % 2 === 0 ? 'positive' : 'negative'));
const wrongAt = (...places: number[]) =>
  gold.map((label, i) => (places.includes(i) ? (label === 'positive' ? 'negative' : 'positive') : label));

describe("Holm's procedure", () => {
  // R 4.3: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02.
  it("is R's p.adjust", () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, i) => {
      assert.ok(Math.abs((adjusted[i] as number) - p) < 1e-12);
    });
  });

  it('is never above 1, and leaves out what is undefined', () => {
    assert.deepEqual(holm([0.9, null, 0.8]), [1, null, 1]);
    assert.deepEqual(holm([null]), [null]);
  });
});

describe('a comparison', () => {
  const a = subject('a', examples, wrongAt(0, 1), 4);
  const b = subject('b', examples, wrongAt(0, 2, 3, 4, 5, 6, 7), 1);

  it('counts who is right where, and tests right and wrong exactly', () => {
    const { n, metric, pairs } = compare(profile, examples, [a, b], 1);
    const [pair] = pairs;
    assert.deepEqual([n, metric], [20, 'accuracy']);
    assert.ok(pair !== undefined);
    const { onlyFirst, onlySecond, both, neither } = pair;
    assert.deepEqual([onlyFirst, onlySecond, both, neither], [6, 1, 12, 1]);
    // 13 of 20 say the same: 12 right ones and the wrong one that both have.
    assert.equal(pair.agreement, 13 / 20);
    const accuracy = pair.metrics.find(({ name }) => name === 'accuracy');
    // 2 · (C(7,0) + C(7,1)) / 2⁷
    assert.ok(accuracy && Math.abs((accuracy.p as number) - 0.125) < 1e-12);
    assert.equal(accuracy.test, 'mcnemar');
    assert.ok(Math.abs((accuracy.difference as number) - 5 / 20) < 1e-12);
  });

  it('draws the same records for both where it resamples', () => {
    const { pairs } = compare(profile, examples, [a, b], 7);
    const found = pairs[0]?.metrics.find(({ name }) => name === 'macro-f1');
    const context = { labels: ['positive', 'negative'], multiLabel: false };
    const [first, second] = [a, b].map(({ report }) =>
      metricNamed('macro-f1').prepare(
        examples.map(({ record, gold }, i) => ({ ...record, gold, output: report.records[i]?.output ?? null })),
        context,
      ),
    );
    assert.ok(first && second && found);
    const expected = pairedDifference(first, second, { seed: 7 });
    assert.deepEqual(
      [found.difference, found.interval, found.p],
      [expected?.difference, expected?.interval, expected?.p],
    );
    assert.equal(found.test, 'bootstrap');
  });

  it('adjusts for the number of pairs, each metric for itself', () => {
    const { pairs } = compare(profile, examples, [a, b, subject('c', examples, gold)], 1);
    const raw = pairs.map(({ metrics }) => metrics[0]?.p ?? null);
    assert.deepEqual(
      pairs.map(({ metrics }) => metrics[0]?.pHolm),
      holm(raw),
    );
    assert.deepEqual(
      pairs.map(({ first, second }) => `${first}${second}`),
      ['ab', 'ac', 'bc'],
    );
  });

  it('has on the frontier what nothing cheaper beats', () => {
    const dear = subject('dear', examples, wrongAt(0, 1), 9);
    const { systems } = compare(profile, examples, [a, b, dear], 1);
    assert.deepEqual(
      systems.map(({ name, onFrontier }) => [name, onFrontier]),
      [
        ['a', true],
        ['b', true],
        ['dear', false],
      ],
    );
  });

  it('pairs by what was read: moved, added and repeated records', () => {
    const moved = examples
      .slice(5)
      .reverse()
      .map((example) => ({
        ...example,
        record: { ...example.record, id: 'x', origin: { file: 'other.csv', line: 3 } },
      }));
    const labels = gold.slice(5).reverse();
    const { n, systems, pairs } = compare(profile, examples, [a, subject('moved', moved, labels)], 1);
    assert.deepEqual([n, pairs[0]?.onlySecond, pairs[0]?.onlyFirst], [15, 0, 0]);
    assert.deepEqual(
      systems.map(({ leftOut }) => leftOut),
      [5, 0],
    );
    // The same text twice is two records.
    const twice = [labelled('same', 'positive'), labelled('same', 'positive')];
    const result = compare(
      profile,
      twice,
      [subject('x', twice, ['positive', 'negative']), subject('y', twice, ['positive', 'positive'])],
      1,
    );
    assert.deepEqual([result.n, result.pairs[0]?.both, result.pairs[0]?.onlySecond], [2, 1, 1]);
  });

  it('counts a failed record as wrong, and as another result', () => {
    const failed = subject('f', examples, [null, ...gold.slice(1)]);
    const { pairs } = compare(profile, examples, [failed, subject('g', examples, gold)], 1);
    assert.deepEqual([pairs[0]?.onlySecond, pairs[0]?.agreement], [1, 19 / 20]);
  });

  it('lists the records on which they differ, those that one has right first', () => {
    const list = differencesOf(examples, [a, b]);
    assert.deepEqual(
      list.map(({ text }) => text),
      [1, 2, 3, 4, 5, 6, 7].map((i) => `text ${i}`),
    );
    assert.deepEqual(list[0]?.said, {
      a: { predicted: 'positive', score: 0.9, correct: false },
      b: { predicted: 'negative', score: 0.9, correct: true },
    });
  });
});

describe('a gate', () => {
  const names = { metrics: ['accuracy', 'macro-f1'], systems: ['gemma-3-270m', 'q-1.5b', 'baseline'] };
  const earlier = (known = examples): Subject => ({ ...subject('baseline', known, gold), file: 'previous.json' });
  const results = (text: string, baseline = earlier()) => {
    const subjects = [
      subject('gemma-3-270m', examples, wrongAt(0, 1)),
      subject('q-1.5b', examples, wrongAt(0)),
      baseline,
    ];
    const found = checkGate(parseGate(text, names), compare(profile, examples, subjects, 1), subjects);
    return found.map(({ system, passed }) => [system, passed]);
  };

  it('holds all that is measured now to a number', () => {
    assert.deepEqual(results('accuracy >= 0.95'), [
      ['gemma-3-270m', false],
      ['q-1.5b', true],
    ]);
  });

  it('holds to a number on all records, also where an earlier report has fewer', () => {
    const few = earlier(examples.slice(0, 10));
    // 18 and 19 of 20; of the first 10, 8 and 9.
    assert.deepEqual(results('accuracy >= 0.9', few), [
      ['gemma-3-270m', true],
      ['q-1.5b', true],
    ]);
    assert.deepEqual(results('gemma-3-270m >= 0.9', few), [[null, true]]);
    assert.deepEqual(results('0.95 <= accuracy(q-1.5b)', few), [[null, true]]);
    assert.deepEqual(results('accuracy(gemma-3-270m) >= accuracy(baseline) - 0.1', few), [[null, false]]);
    assert.deepEqual(results('accuracy(gemma-3-270m) >= accuracy(baseline) - 0.2', few), [[null, true]]);
    assert.deepEqual(results('baseline >= 1', few), [[null, true]]);
  });

  it('holds one system to another, with room', () => {
    assert.deepEqual(results('gemma-3-270m >= q-1.5b'), [[null, false]]);
    assert.deepEqual(results('gemma-3-270m >= q-1.5b - 0.05'), [[null, true]]);
    assert.deepEqual(results('gemma-3-270m > q-1.5b - 0.05'), [[null, false]]);
    assert.deepEqual(results('macro-f1(q-1.5b) < macro-f1(baseline)'), [[null, true]]);
    assert.deepEqual(results('0.8 <= accuracy(gemma-3-270m)'), [[null, true]]);
  });

  it('holds all that is measured now to an earlier report', () => {
    assert.deepEqual(results('accuracy >= baseline - 0.05'), [
      ['gemma-3-270m', false],
      ['q-1.5b', true],
    ]);
  });

  it('refuses what it cannot read, with what there is', () => {
    const refused = (text: string, message: RegExp) => assert.throws(() => parseGate(text, names), message);
    for (const operator of ['>=', '>', '<=', '<']) {
      refused(`accuracy ${operator}`, new RegExp(`has nothing after the ${operator}$`, 'u'));
      refused(`accuracy ${operator}  `, new RegExp(`has nothing after the ${operator}$`, 'u'));
      refused(`${operator} 0.9`, new RegExp(`has nothing before the ${operator}$`, 'u'));
    }
    refused('accuracy', /no >=, >, <= or </u);
    refused('acuracy >= 0.9', /"acuracy".*Did you mean "accuracy"/u);
    refused('accuracy(q) >= 0.9', /no model "q"/u);
    refused('f1(q-1.5b) >= 0.9', /no metric "f1"/u);
    refused('0.9 >= 0.8', /names no metric and no model/u);
    refused('accuracy == 0.9', /no >=/u);
  });
});

describe('an earlier report', () => {
  const at = (t: Parameters<typeof tempFolder>[0], value: unknown) => {
    const file = path.join(tempFolder(t), 'previous.json');
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  };

  it('is read alone or among others', (t) => {
    const { report } = subject('a', examples, gold);
    assert.equal(readReports(at(t, report), 'p', profile).length, 1);
    assert.equal(readReports(at(t, { reports: [report, report] }), 'p', profile).length, 2);
  });

  it('is refused where it is something else, saying what to do', (t) => {
    const { report } = subject('a', examples, gold);
    const { records: _none, ...old } = report;
    const refused = (value: unknown, message: RegExp) =>
      assert.throws(() => readReports(at(t, value), 'previous.json', profile), message);
    refused(old, /previous\.json .*records/u);
    refused('{', /previous\.json is not JSON/u);
    refused({ reports: [] }, /not a report that can be compared/u);
    refused({ ...report, type: 'extract' }, /of type extract; this one is of type classify/u);
  });
});

it("McNemar's test of equal systems finds nothing", () => {
  assert.equal(mcNemar([true, false], [true, false]).p, 1);
});
