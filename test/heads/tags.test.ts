import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeEntities } from '../../src/heads/entities.js';
import { stretchesOf, tagCount, tagMask, tagName, tagsOf } from '../../src/heads/tags.js';
import { denseMatrix } from '../../src/linear/matrix.js';
import { words } from '../../src/segment.js';

const labels = ['person', 'place'];
const names = (tags: ArrayLike<number>) => Array.from(tags, (tag) => tagName(tag, labels));

/** Entities of whole words that do not overlap: stretches of 1 to 3 words, some right after each other. */
const tagged = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 3 }), fc.nat(1)), { maxLength: 8 })
  .map((parts) => {
    let word = 0;
    const stretches = parts.map(([gap, length, label]) => {
      const first = word + gap;
      word = first + length;
      return { label, first, last: word - 1 };
    });
    const spans = Array.from({ length: word + 1 }, (_, i) => ({ start: i * 3, end: i * 3 + 2 }));
    return { stretches, spans };
  });

describe('tags of words', () => {
  it('are two for each label and one for outside', () => {
    assert.equal(tagCount(2), 5);
    assert.deepEqual(names([0, 1, 2, 3, 4]), ['O', 'B-person', 'I-person', 'B-place', 'I-place']);
  });

  it('say where entities begin and go on, also of two neighbours with one label', () => {
    const text = 'Ann Lee Bob in Rome';
    const entities = [
      { start: 0, end: 7, label: 'person' },
      { start: 8, end: 11, label: 'person' },
      { start: 15, end: 19, label: 'place' },
    ];
    const tags = tagsOf(words(text), entities, labels);
    assert.deepEqual(names(tags), ['B-person', 'I-person', 'B-person', 'O', 'B-place']);
  });

  it('cover the whole word where people cut finer, and pass over labels that are unknown', () => {
    const text = 'Berlinwards to Mars';
    const entities = [
      { start: 0, end: 6, label: 'place' },
      { start: 15, end: 19, label: 'planet' },
    ];
    assert.deepEqual(names(tagsOf(words(text), entities, labels)), ['B-place', 'O', 'O']);
  });

  it('give the first of two entities the word that both touch, and the second begins after it', () => {
    const spans = [
      { start: 0, end: 4 },
      { start: 5, end: 9 },
    ];
    const entities = [
      { start: 0, end: 3, label: 'person' },
      { start: 2, end: 9, label: 'place' },
    ];
    assert.deepEqual(names(tagsOf(spans, entities, labels)), ['B-person', 'B-place']);
  });

  it('lead back to the stretches that they were made of', () => {
    fc.assert(
      fc.property(tagged, ({ stretches, spans }) => {
        const entities = stretches.map(({ label, first, last }) => ({
          start: spans[first]?.start ?? 0,
          end: spans[last]?.end ?? 0,
          label: labels[label] as string,
        }));
        assert.deepEqual(stretchesOf(tagsOf(spans, entities, labels)), stretches);
      }),
    );
  });

  it('of people only follow what the mask allows', () => {
    const { first, next } = tagMask(labels.length);
    const K = tagCount(labels.length);
    fc.assert(
      fc.property(tagged, ({ stretches, spans }) => {
        const entities = stretches.map(({ label, first: from, last }) => ({
          start: spans[from]?.start ?? 0,
          end: spans[last]?.end ?? 0,
          label: labels[label] as string,
        }));
        const tags = tagsOf(spans, entities, labels);
        tags.forEach((tag, i) => {
          const may = i === 0 ? first[tag] : next[(tags[i - 1] as number) * K + tag];
          assert.equal(may, 1, names(tags).join(' '));
        });
      }),
    );
  });
});

it('the mask lets I follow B and I of its own label alone, and begin nothing', () => {
  const { first, next } = tagMask(2);
  assert.deepEqual([...first], [1, 1, 0, 1, 0]);
  const before = (tag: number) => [0, 1, 2, 3, 4].filter((from) => next[from * 5 + tag] === 1);
  assert.deepEqual([0, 1, 2, 3, 4].map(before), [
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4],
    [1, 2],
    [0, 1, 2, 3, 4],
    [3, 4],
  ]);
});

it('a stretch of nothing but I is an entity all the same: a chain without a mask may say so', () => {
  assert.deepEqual(stretchesOf([0, 2, 2, 4]), [
    { label: 0, first: 1, last: 2 },
    { label: 1, first: 3, last: 3 },
  ]);
});

describe('decoding', () => {
  const free = { classes: 3, first: new Float64Array(3), next: new Float64Array(9) };
  const only = ['name'];

  it('gives entities as the text has them, with the probability of exactly this stretch', () => {
    const text = '🙂 Ann Lee left';
    const spans = words(text);
    const log = Math.log;
    // Steps cost nothing, so that words are independent: 8/10 begins, 9/10 goes on, 7/10 is outside after it.
    const scores = denseMatrix(
      [
        [log(0.8), log(0.1), log(0.1)],
        [log(0.1), log(0.8), log(0.1)],
        [log(0.05), log(0.05), log(0.9)],
        [log(0.7), log(0.1), log(0.2)],
      ],
      3,
    );
    assert.equal(spans.length, 4);
    const { entities, path } = decodeEntities(text, spans, only, scores, free);
    assert.deepEqual([...path], [0, 1, 2, 0]);
    const [entity] = entities;
    assert.deepEqual([entity?.text, entity?.label, entity?.start, entity?.end], ['Ann Lee', 'name', 3, 10]);
    // It ends where the next word does not go on: 1 − 0.2.
    assert.ok(Math.abs((entity?.score ?? 0) - 0.8 * 0.9 * 0.8) < 1e-12, `${entity?.score}`);
  });

  it('finds nothing in a text without words', () => {
    const { entities } = decodeEntities(
      '',
      [],
      only,
      { kind: 'dense', rows: 0, columns: 3, values: new Float64Array() },
      free,
    );
    assert.deepEqual(entities, []);
  });

  it('never gives a span outside of the text or over another one', () => {
    const row = fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 5, maxLength: 5 });
    const mask = tagMask(2);
    const steps = {
      classes: 5,
      first: Float64Array.from(mask.first, (may) => (may === 1 ? 0 : Number.NEGATIVE_INFINITY)),
      next: Float64Array.from(mask.next, (may) => (may === 1 ? 0 : Number.NEGATIVE_INFINITY)),
    };
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), fc.constantFrom('👍 a 漢字 e\u0301', 'x'), (rows, word) => {
        const text = rows.map(() => word).join(' ');
        const spans = words(text).slice(0, rows.length);
        const scores = denseMatrix(rows.slice(0, spans.length), 5);
        let at = 0;
        for (const entity of decodeEntities(text, spans, labels, scores, steps).entities) {
          assert.ok(at <= entity.start && entity.start < entity.end && entity.end <= text.length);
          assert.equal(entity.text, text.slice(entity.start, entity.end));
          const score = entity.score as number;
          assert.ok(score > 0 && score <= 1 + 1e-12, `${score}`);
          at = entity.end;
        }
      }),
    );
  });
});
