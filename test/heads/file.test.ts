import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Classifier } from '../../src/heads/classifier.js';
import { classifierBlob, classifierFrom, coarseClassifierArrays } from '../../src/heads/classifier-file.js';
import { decodeHead, encodeHead } from '../../src/heads/head-file.js';
import type { Tagger } from '../../src/heads/tagger.js';
import { coarseTaggerArrays, taggerBlob, taggerFrom } from '../../src/heads/tagger-file.js';
import type { StoredNumbers } from '../../src/types.js';

const blob: StoredNumbers = {
  kind: 'test',
  settings: { labels: ['é', '🙂'], depth: 3 },
  arrays: {
    a: Float32Array.of(0.1, -0, Number.MIN_VALUE),
    b: Float64Array.of(Math.PI, Number.NEGATIVE_INFINITY),
    c: Uint32Array.of(0, 0xffff_ffff),
    d: Int32Array.of(-1, 7),
    none: new Float32Array(),
  },
};

test('a head comes back as it was, also from a view into a longer buffer', () => {
  assert.deepEqual(decodeHead(encodeHead(blob)), blob);
  const view = new Float64Array(Float64Array.of(1, 2, 3, 4).buffer, 8, 2);
  assert.deepEqual(decodeHead(encodeHead({ ...blob, arrays: { view } })).arrays.view, Float64Array.of(2, 3));
});

test('the same head gives the same bytes, and another one others', () => {
  assert.deepEqual(encodeHead(blob), encodeHead(structuredClone(blob)));
  assert.notDeepEqual(encodeHead(blob), encodeHead({ ...blob, settings: { ...blob.settings, depth: 4 } }));
});

test('what is stored with 3 digits is off by 1 in 256 at most, and keeps its sign', () => {
  const number = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) });
  fc.assert(
    fc.property(fc.array(number), (list) => {
      const a = Float32Array.from(list);
      const back = decodeHead(encodeHead({ ...blob, arrays: { a } }, ['a'])).arrays.a as Float32Array;
      assert.equal(back.length, a.length);
      a.forEach((value, i) => {
        const found = back[i] as number;
        // 8 bits of fraction, the first not written: half a step is 2^-8. Below 2^-126 numbers have fixed steps.
        assert.ok(Math.abs(found - value) <= Math.abs(value) * 2 ** -8 + 2 ** -133, `${value} became ${found}`);
        assert.ok(found === 0 || Math.sign(found) === Math.sign(value));
      });
    }),
  );
});

test('numbers with few digits are exact even so', () => {
  const a = Float32Array.of(0, 1, -2, 0.5, 1.5, 3, -0.0078125, 65536);
  assert.deepEqual(decodeHead(encodeHead({ ...blob, arrays: { a } }, ['a'])).arrays.a, a);
});

test('an array that is named coarse and is not there does not matter', () => {
  assert.deepEqual(encodeHead(blob, ['weights']), encodeHead(blob));
});

test('bytes of something else are refused', () => {
  assert.throws(() => decodeHead(Buffer.from('hello')), /incorrect header check/u);
  assert.throws(() => decodeHead(Buffer.alloc(0)), /unexpected end of file/u);
  assert.throws(() => decodeHead(gzipSync('hello')), /not a head file of this version/u);
  assert.throws(() => decodeHead(gzipSync('slm head 2\n{}\n')), /not a head file of this version/u);
  assert.throws(() => decodeHead(gzipSync('slm head 1\n{"kind"')), SyntaxError);
});

test('bytes that are cut off are refused, wherever they are', () => {
  const bytes = encodeHead(blob);
  for (let length = 0; length < bytes.length; length++) assert.throws(() => decodeHead(bytes.subarray(0, length)));
  const inner = gunzipSync(bytes);
  for (let cut = 1; cut < inner.length; cut++) {
    assert.throws(() => decodeHead(gzipSync(inner.subarray(0, inner.length - cut))), `${cut} bytes less`);
  }
});

const classifier = {
  labels: ['yes', 'no'],
  multiLabel: false,
  width: 3,
  rows: [Float32Array.of(1, 2, 3), Float32Array.of(-1, -2, -3)],
  bias: Float64Array.of(0.25, -0.25),
  lexical: {
    tfidf: { terms: ['w good', 'c goo'], idf: [1.5, 2] },
    factor: 0.75,
    model: {
      link: 'softmax',
      classes: 2,
      features: 2,
      weights: Float64Array.of(1, -1, 0.5, -0.5),
      bias: Float64Array.of(0, 1),
    },
  },
  vectors: null,
} satisfies Classifier;

test('a classifier goes through its file and back', () => {
  const odds = {
    ...classifier,
    multiLabel: true,
    lexical: { ...classifier.lexical, model: { ...classifier.lexical.model, link: 'sigmoid' as const } },
  };
  for (const head of [
    { classifier, layers: 12, pooling: 'last', prompts: 1 },
    { classifier: odds, layers: 12, pooling: 'last', prompts: 1 },
    { classifier: { ...classifier, lexical: null, multiLabel: true }, layers: 1, pooling: 'last+mean', prompts: 3 },
    {
      classifier: { ...classifier, vectors: [Float32Array.of(1, 2), Float32Array.of(3, 4)] },
      layers: 4,
      pooling: 'last',
      prompts: 1,
    },
  ] as const) {
    assert.deepEqual(classifierFrom(decodeHead(encodeHead(classifierBlob(head), coarseClassifierArrays))), head);
  }
});

test('a classifier that counts words otherwise than this version is refused', () => {
  const blob = classifierBlob({ classifier, layers: 12, pooling: 'last', prompts: 1 });
  assert.throws(
    () => classifierFrom({ ...blob, settings: { ...blob.settings, multiLabel: true } }),
    /earlier version/u,
  );
});

const tagger: Tagger = {
  labels: ['name'],
  width: 2,
  rows: [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)],
  bias: Float64Array.of(1, 0, -1),
  lexical: {
    mix: Float64Array.from({ length: 9 }, (_, i) => i),
    tagger: {
      keys: Uint32Array.of(3, 4_000_000_000),
      model: {
        link: 'softmax',
        classes: 3,
        features: 2,
        weights: Float64Array.of(1, 2, 3, 4, 5, 6),
        bias: Float64Array.of(7, 8, 9),
      },
    },
  },
  steps: {
    classes: 3,
    first: Float64Array.of(0, 1, Number.NEGATIVE_INFINITY),
    next: Float64Array.of(0, 0, Number.NEGATIVE_INFINITY, 0, 0, 0, 0, 0, 0),
  },
};

const sureness = { slope: 1.5, intercept: -0.25 };

test('a tagger goes through its file and back, steps that cannot be included', () => {
  for (const head of [
    { tagger, layers: 9, reading: 'twice' as const, sureness },
    { tagger: { ...tagger, lexical: null }, layers: 9, reading: 'once' as const, sureness },
  ]) {
    assert.deepEqual(taggerFrom(decodeHead(encodeHead(taggerBlob(head), coarseTaggerArrays))), head);
  }
});

test('a head of another kind, or with arrays that do not fit its settings, is told apart', () => {
  const ofTagger = taggerBlob({ tagger, layers: 9, reading: 'once', sureness });
  const ofClassifier = classifierBlob({ classifier, layers: 9, pooling: 'last', prompts: 1 });
  assert.throws(() => classifierFrom(ofTagger), /it holds a tagger, not a classifier/u);
  assert.throws(() => taggerFrom(ofClassifier), /it holds a classifier, not a tagger/u);
  const { bias, ...arrays } = ofTagger.arrays;
  assert.ok(bias !== undefined);
  assert.throws(() => taggerFrom({ ...ofTagger, arrays }), /"bias" has no numbers, not 3/u);
  const short = { ...ofClassifier.arrays, rows: new Float32Array(5) };
  assert.throws(() => classifierFrom({ ...ofClassifier, arrays: short }), /"rows" has 5 numbers, not 6/u);
  const { wordFactor, ...before } = ofClassifier.settings;
  assert.equal(wordFactor, 0.75);
  assert.throws(() => classifierFrom({ ...ofClassifier, settings: before }), /earlier version/u);
  assert.throws(() => taggerFrom({ ...ofTagger, settings: { ...ofTagger.settings, reading: 'thrice' } }), /reading/u);
});
