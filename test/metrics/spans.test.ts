import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perClass } from '../../src/metrics/per-class.js';
import { f1Score, normaliseAnswer } from '../../src/task-types/answer/metrics/squad.js';
import { countEntities } from '../../src/task-types/extract/metrics/entities.js';
import type { Entity, Pair } from '../../src/types.js';
import { metricNamed } from '../helpers/metrics.js';

const context = { labels: [], multiLabel: false };

function value(name: string, of: readonly Pair[]): number | null {
  return metricNamed(name).prepare(of, context).value();
}

function near(actual: number | null, expected: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

const types = ['PER', 'LOC', 'ORG'];

/** Up to three entities on 12 one-letter words; `shift` moves some and renames others. */
function entities(i: number, shift: number): Entity[] {
  const taken = new Set<number>();
  const found: Entity[] = [];
  for (let k = 0; k < 3; k++) {
    const start = (i * 5 + k * 4 + ((i + k) % 3 === 0 ? shift : 0)) % 10;
    const end = start + 1 + ((i + k) % 2);
    const label = types[(i + k + ((i * k) % 4 === 1 ? shift : 0)) % 3] as string;
    const places = Array.from({ length: end - start }, (_, j) => start + j);
    if (places.some((place) => taken.has(place))) continue;
    for (const place of places) taken.add(place);
    found.push({ start, end, text: '', label });
  }
  return found;
}

function extracted(gold: readonly Entity[], predicted: readonly Entity[] | null): Pair {
  return {
    id: '',
    text: '',
    gold: { type: 'extract', entities: gold },
    output: predicted === null ? null : { type: 'extract', entities: predicted },
  };
}

const sentences = Array.from({ length: 80 }, (_, i) => extracted(entities(i, 0), entities(i, 1)));

test('entity precision, recall and F1 are those of seqeval 1.2.2 (mode=strict, scheme=IOB2)', () => {
  near(value('entity-precision', sentences), 0.6504424778761062);
  near(value('entity-recall', sentences), 0.6125);
  near(value('entity-f1', sentences), 0.6309012875536482);
});

test('the table by type is classification_report of seqeval 1.2.2', () => {
  const rows = perClass(countEntities(sentences), ['LOC', 'ORG', 'PER']);
  assert.deepEqual(
    rows.map((row) => [row.label, row.support, (row.f1 ?? 0).toFixed(6)]),
    [
      ['LOC', 80, '0.919255'],
      ['ORG', 80, '0.918239'],
      ['PER', 80, '0.000000'],
    ],
  );
});

test('boundaries and type must both be exact, and a repeated prediction counts once', () => {
  const gold: Entity = { start: 0, end: 5, text: 'Paris', label: 'LOC' };
  const wrong = [
    extracted(
      [gold],
      [
        { ...gold, end: 4 },
        { ...gold, label: 'PER' },
      ],
    ),
  ];
  assert.equal(value('entity-f1', wrong), 0);
  assert.equal(value('entity-f1', [extracted([gold], [gold, { ...gold, score: 0.5 }])]), 1);
});

test('a failed record has missed everything; without gold and predictions there is no figure', () => {
  const gold: Entity = { start: 0, end: 5, text: 'Paris', label: 'LOC' };
  const pairs = [extracted([gold], null), extracted([gold], [gold])];
  assert.equal(value('entity-recall', pairs), 0.5);
  assert.equal(value('entity-precision', pairs), 1);
  assert.equal(value('entity-f1', [extracted([], [])]), null);
});

function answered(answers: readonly string[], answer: string | null, score = 0): Pair {
  return { id: '', text: '', gold: { type: 'answer', answers }, output: { type: 'answer', answer, score } };
}

test('exact match and F1 are those of the official SQuAD 2.0 script', () => {
  // evaluate-v2.0.py's normalize_answer, compute_exact and compute_f1, run under Python 3.11.
  for (const [golds, answer, exact, f1] of [
    [['The Eiffel Tower', 'Eiffel tower, Paris'], 'the eiffel-tower', 0, 0],
    [['in 1,234 BC'], '1234 B.C.', 0, 0.8],
    [[], null, 1, 1],
    [[], 'something', 0, 0],
    [['a'], null, 1, 1],
    [['Anna the Great', 'great'], 'An Anna (the) great queen', 0, 0.8],
    [['the'], 'the', 1, 1],
    [['Théâtre a b'], 'theatre théâtre', 0, 0.5],
    [['one two two three'], 'two two two', 0, 0.5714285714285715],
    [['“A” — the thé'], 'A thé', 0, 0.4],
  ] as const) {
    assert.equal(value('exact-match', [answered(golds, answer)]), exact, `${golds}`);
    near(value('token-f1', [answered(golds, answer)]), f1);
  }
});

test('normalising knows letters outside ASCII: "thé" and "aß" do not begin with an article', () => {
  assert.equal(normaliseAnswer('A thé, an aß; the_x!'), 'thé aß thex');
  assert.equal(f1Score('', 'x'), 0);
  // Three of four characters and three of three, as MLQA counts them.
  assert.equal(f1Score('十二张桌', '十二张'), 6 / 7);
});

test('the answerable figures leave out questions without an answer', () => {
  const pairs = [answered(['x y'], 'x'), answered([], 'x'), answered(['z'], 'z')];
  near(value('token-f1-answerable', pairs), (2 / 3 + 1) / 2);
  assert.equal(value('exact-match-answerable', pairs), 0.5);
  assert.equal(metricNamed('token-f1-answerable').prepare(pairs, context).n, 2);
});

test('a failed record has no answer, not even the right "no answer"', () => {
  const failed: Pair = { id: '', text: '', gold: { type: 'answer', answers: [] }, output: null };
  assert.equal(value('exact-match', [failed]), 0);
  assert.equal(value('no-answer-f1', [failed]), 0);
});

test('no-answer F1: two declined of which one rightly, one more not declined', () => {
  assert.equal(value('no-answer-f1', [answered([], null), answered(['x'], null), answered([], 'x')]), 0.5);
});

test('AUROC with ties is roc_auc_score of scikit-learn 1.9.1', () => {
  const pairs = Array.from({ length: 200 }, (_, i) => {
    const answerable = i % 3 !== 0;
    const score = Math.round((0.5 + 0.4 * Math.sin(i * 1.7) + (answerable ? 0.1 : 0)) * 10) / 10;
    return answered(answerable ? ['x'] : [], null, score);
  });
  near(value('no-answer-auroc', pairs), 0.6219279542138929);
  assert.equal(value('no-answer-auroc', [answered(['x'], 'x', 1)]), null);
});

/** @param made a free text, or the value of a JSON text */
function generated(gold: string, made: unknown): Pair {
  const output = typeof made === 'string' ? { text: made } : { text: JSON.stringify(made), value: made };
  return { id: '', text: '', gold: { type: 'generate', output: gold }, output: { type: 'generate', ...output } };
}

test('JSON outputs are compared as values, others as text', () => {
  assert.equal(value('exact-output', [generated('{"a": 1, "b": [2]}', { b: [2], a: 1 })]), 1);
  assert.equal(value('exact-output', [generated('{"a": 1}', { a: '1' })]), 0);
  assert.equal(value('exact-output', [generated('not JSON', ['not JSON'])]), 0);
  assert.equal(value('exact-output', [generated('SELECT 1\n', ' SELECT 1')]), 1);
});

test('of JSON outputs, every value with its path counts', () => {
  const gold = '{"what": "lamp", "size": {"w": 3, "h": 4}, "tags": ["a", "b"]}';
  const made = { size: { h: 4, w: 5 }, tags: ['b', 'c', 'c'], what: 'lamp' };
  // Right: what, h, b. Wrong: w, and c twice; missed: w and a.
  assert.equal(value('field-f1', [generated(gold, made)]), 6 / (6 + 3 + 2));
  assert.equal(value('field-f1', [generated(gold, JSON.parse(gold))]), 1);
  assert.equal(value('field-f1', [generated('{"a": 1}', { a: '1' })]), 0);
  assert.equal(value('field-f1', [generated('{"a": []}', { a: [] })]), 1);
  assert.equal(value('field-f1', [generated('SELECT 1\n', ' SELECT 1'), generated('x', 'y')]), 0.5);
  assert.equal(value('field-f1', [{ ...generated(gold, ''), output: null }]), 0);
});

test('what was cut off is not valid', () => {
  const failed: Pair = { ...generated('x', 'x'), output: null };
  assert.equal(value('valid', [failed, generated('x', 'y')]), 0.5);
});
