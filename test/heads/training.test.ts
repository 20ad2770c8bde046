import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  averaged,
  type Classifier,
  classProbabilities,
  lexicalScores,
  rowScores,
  trainClassifier,
  trainWords,
} from '../../src/heads/classifier.js';
import { decodeEntities } from '../../src/heads/entities.js';
import { heldOutLexicalLogprobs, lexicalLogprobs, trainLexicalTagger } from '../../src/heads/lexical-tagger.js';
import { emissions, hiddenScores, type TaggedText, trainTagger } from '../../src/heads/tagger.js';
import { stretchesOf, tagsOf } from '../../src/heads/tags.js';
import { wordFeatures } from '../../src/heads/word-features.js';
import { createRandom } from '../../src/random.js';
import { words } from '../../src/segment.js';

const random = createRandom(7);
const noise = () => random.next() - 0.5;

/** What a derived file with the classifier's rows would give. */
function hiddenScoresOf({ rows }: Pick<Classifier, 'rows'>, hidden: ArrayLike<number>): Float64Array {
  return Float64Array.from(rows, (row) => row.reduce((sum, weight, f) => sum + weight * (hidden[f] as number), 0));
}

describe('a classifier', () => {
  const labels = ['a', 'b', 'c'];
  const n = 60;
  const y = Int32Array.from({ length: n }, (_, i) => i % 3);
  /** Number i of the hidden state is large where the class is i; the others are noise. */
  const hidden = Array.from(y, (c) => Float32Array.from({ length: 5 }, (_, f) => (f === c ? 4 : 0) + noise()));
  const plainTexts = Array.from(y, (_, i) => `text ${i}`);
  const targets = { kind: 'single', classes: 3, y } as const;
  const options = { labels, width: 5, lexical: null, seed: 1 };

  it('learns what can be told apart, and gives probabilities that sum to 1', () => {
    const { classifier, heldOut } = trainClassifier({ hidden, targets }, options);
    const none = lexicalScores(classifier);
    hidden.forEach((state, i) => {
      const p = classProbabilities(classifier, hiddenScoresOf(classifier, state), none(''));
      assert.equal(p.indexOf(Math.max(...p)), y[i]);
      assert.ok(Math.abs(p.reduce((sum, value) => sum + value, 0) - 1) < 1e-12);
    });
    for (let row = 0; row < n; row++) {
      const own = heldOut.values.subarray(row * 3, row * 3 + 3);
      assert.equal(own.indexOf(Math.max(...own)), y[row], `held out, ${row}`);
      assert.ok(Math.abs(Array.from(own, Math.exp).reduce((sum, value) => sum + value, 0) - 1) < 1e-9);
    }
  });

  it('joined with one over other features goes by the one that knows, and runs by rows over both', () => {
    // The features say nothing, the vectors beside them everything.
    const blind = Array.from(y, () => Float32Array.from({ length: 2 }, noise));
    const vectors = trainClassifier({ hidden, targets }, { ...options, scaling: 'chosen' });
    const { classifier, heldOut } = trainClassifier({ hidden: blind, targets }, { ...options, width: 2, vectors });
    assert.equal(classifier.vectors?.[0]?.length, 5);
    hidden.forEach((vector, i) => {
      const ofVector = rowScores(classifier.vectors ?? [], vector);
      const p = classProbabilities(classifier, hiddenScoresOf(classifier, blind[i] as Float32Array), ofVector);
      assert.equal(p.indexOf(Math.max(...p)), y[i]);
      const own = heldOut.values.subarray(i * 3, i * 3 + 3);
      assert.equal(own.indexOf(Math.max(...own)), y[i], `held out, ${i}`);
    });
    const twice = averaged([
      classifier,
      { ...classifier, vectors: (classifier.vectors ?? []).map((row) => row.map(() => 0)) },
    ]);
    assert.equal(twice.vectors?.[1]?.[1], (classifier.vectors?.[1]?.[1] as number) / 2);
  });

  it('made of several says what they say on average', () => {
    const other = hidden.map((state) => Float32Array.from(state, (value) => value / 2 + noise()));
    const [one, two] = [hidden, other].map(
      (states) => trainClassifier({ hidden: states, targets }, options).classifier,
    ) as [Classifier, Classifier];
    const both = averaged([one, two]);
    const say = (classifier: Classifier, state: ArrayLike<number>) =>
      classProbabilities(classifier, hiddenScoresOf(classifier, state), [0, 0, 0]);
    hidden.forEach((state, i) => {
      const after = other[i] as Float32Array;
      const apart = say(two, after).map((p, label) => Math.sqrt(p * (say(one, state)[label] as number)));
      const total = apart.reduce((sum, value) => sum + value, 0);
      say(both, [...state, ...after]).forEach((p, label) => {
        assert.ok(Math.abs(p - (apart[label] as number) / total) < 1e-5);
      });
    });
  });

  it('made of several with the same words counts these as much as they do on average', () => {
    const says = ['splendid', 'dreadful', 'ordinary'];
    const texts = Array.from(y, (c, i) => `the ${says[i % 4 === 0 ? 0 : c]} one of ${i % 7}`);
    const lexical = trainWords(texts, targets, 1);
    const blurred = hidden.map((state) => Float32Array.from(state, (value) => value / 8 + noise()));
    const [one, two] = [hidden, blurred].map(
      (states) => trainClassifier({ hidden: states, targets }, { ...options, lexical }).classifier,
    ) as [Classifier, Classifier];
    const both = averaged([one, two]);
    const [first, second] = [one, two].map(({ lexical }) => lexical?.factor as number) as [number, number];
    // What is hard to see in the states is asked of the words.
    assert.ok(second > first, `${first}, ${second}`);
    assert.ok(Math.abs((both.lexical?.factor as number) - (first + second) / 2) < 1e-12);
    const [said, saidByOne, saidByTwo] = [both, one, two].map((each) => lexicalScores(each)('a dreadful day'));
    (said as Float64Array).forEach((score, label) => {
      const mean = ((saidByOne?.[label] as number) + (saidByTwo?.[label] as number)) / 2;
      assert.ok(Math.abs(score - mean) < 1e-9);
    });
  });

  it('is the same each time', () => {
    const train = () =>
      trainClassifier({ hidden, targets }, { ...options, lexical: trainWords(plainTexts, targets, 1) });
    assert.deepEqual(train(), train());
  });

  it('is not certain after a few examples, all right as they are', () => {
    const few = { kind: 'single', classes: 3, y: y.slice(0, 18) } as const;
    const data = { hidden: hidden.slice(0, 18), targets: few };
    const { classifier } = trainClassifier(data, options);
    // As near to one class as to the other.
    const between = Float32Array.of(2.4, 1.6, 0, 0, 0);
    const p = classProbabilities(classifier, hiddenScoresOf(classifier, between), new Float64Array(3));
    assert.equal(p.indexOf(Math.max(...p)), 0);
    assert.ok(Math.max(...p) < 0.95, `${p}`);
  });

  it('is not sure of what cannot be told apart', () => {
    const mute = hidden.map(() => Float32Array.from({ length: 5 }, noise));
    const { classifier, heldOut } = trainClassifier({ hidden: mute, targets }, options);
    const surest = Math.max(...Array.from(heldOut.values, Math.exp));
    assert.ok(surest < 0.6, `${surest}`);
    const p = classProbabilities(classifier, hiddenScoresOf(classifier, new Float32Array(5)), new Float64Array(3));
    for (const value of p) assert.ok(Math.abs(value - 1 / 3) < 0.1, `${p}`);
  });

  it('joins words where the hidden state is mute', () => {
    const mute = hidden.map(() => new Float32Array(5));
    const says = ['splendid', 'dreadful', 'ordinary'];
    const texts = Array.from(y, (c, i) => `the ${says[c]} one of ${i % 7}`);
    const { classifier } = trainClassifier(
      { hidden: mute, targets },
      { ...options, lexical: trainWords(texts, targets, 1) },
    );
    const score = lexicalScores(classifier);
    const of = (text: string) => {
      const p = classProbabilities(classifier, hiddenScoresOf(classifier, new Float32Array(5)), score(text));
      return labels[p.indexOf(Math.max(...p))];
    };
    assert.deepEqual(
      says.map((word) => of(`a ${word} day`)),
      labels,
    );
    const { classifier: without } = trainClassifier({ hidden: mute, targets }, options);
    assert.equal(without.lexical, null);
    assert.deepEqual(lexicalScores(without)('a splendid day'), new Float64Array(3));
  });

  it('with several labels decides each by itself', () => {
    const both = Uint8Array.from({ length: n * 2 }, (_, at) => (((at >> 1) % 4) >> (at % 2)) & 1);
    const states = Array.from({ length: n }, (_, row) =>
      Float32Array.of(...[0, 1].map((c) => ((both[row * 2 + c] as number) === 1 ? 3 : -3) + noise())),
    );
    const { classifier } = trainClassifier(
      { hidden: states, targets: { kind: 'multi', classes: 2, y: both } },
      { labels: ['red', 'round'], width: 2, lexical: null, seed: 1 },
    );
    assert.equal(classifier.multiLabel, true);
    const p = (...state: number[]) =>
      classProbabilities(classifier, hiddenScoresOf(classifier, state), [0, 0]).map((value) => Math.round(value));
    assert.deepEqual(
      [p(3, 3), p(3, -3), p(-3, 3), p(-3, -3)],
      [
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ],
    );
  });

  it('with several labels counts words for each by itself, and learns how much they say', () => {
    const holds = (row: number, c: number) => (((row % 4) >> c) & 1) === 1;
    const both = Uint8Array.from({ length: n * 2 }, (_, at) => (holds(at >> 1, at % 2) ? 1 : 0));
    const texts = Array.from({ length: n }, (_, row) =>
      ['it', ...(holds(row, 0) ? ['scarlet'] : []), ...(holds(row, 1) ? ['circular'] : []), `no ${row % 7}`].join(' '),
    );
    const mute = texts.map(() => new Float32Array(2));
    const named = { kind: 'multi', classes: 2, y: both } as const;
    const { classifier } = trainClassifier(
      { hidden: mute, targets: named },
      { labels: ['red', 'round'], width: 2, lexical: trainWords(texts, named, 1), seed: 1 },
    );
    const score = lexicalScores(classifier);
    const p = (text: string) =>
      classProbabilities(classifier, hiddenScoresOf(classifier, [0, 0]), score(text)).map((value) => Math.round(value));
    assert.deepEqual(['it scarlet', 'it circular', 'it scarlet circular', 'it'].map(p), [
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ]);
    assert.ok((classifier.lexical?.factor ?? 0) > 0);
  });

  it('learns from two examples, and from a label that only one text has', () => {
    const two = {
      hidden: [Float32Array.of(1), Float32Array.of(-1)],
      targets: { kind: 'single', classes: 2, y: Int32Array.of(0, 1) },
    } as const;
    for (const lexical of [null, trainWords(['good', 'bad'], two.targets, 1)]) {
      const { classifier } = trainClassifier(two, { labels: ['good', 'bad'], width: 1, lexical, seed: 1 });
      const p = classProbabilities(classifier, hiddenScoresOf(classifier, [1]), lexicalScores(classifier)('good'));
      assert.ok(
        p.every((value) => value >= 0 && value <= 1),
        `${p}`,
      );
    }
    const rare = Int32Array.from({ length: 12 }, (_, i) => (i === 11 ? 2 : i % 2));
    const three = { kind: 'single', classes: 3, y: rare } as const;
    const numbers = Array.from(rare, (c) => `number ${c}`);
    const { classifier } = trainClassifier(
      { hidden: Array.from(rare, (c) => Float32Array.of(c)), targets: three },
      { labels, width: 1, lexical: trainWords(numbers, three, 1), seed: 1 },
    );
    assert.ok(classifier.bias.every(Number.isFinite));
  });
});

const sentences: readonly (readonly [text: string, ...found: string[]])[] = [
  ['Anna lives in Rome', 'Rome'],
  ['we went to Paris by train', 'Paris'],
  ['the road to Oslo is long', 'Oslo'],
  ['they sang all night', ''],
  ['he moved from Bern to Nice', 'Bern', 'Nice'],
  ['a night in Turin', 'Turin'],
  ['nobody knew the song', ''],
  ['from Cork to Kiel in a day', 'Cork', 'Kiel'],
  ['the train to Riga was late', 'Riga'],
  ['it rained in Lyon', 'Lyon'],
];

function prepared([text, ...found]: readonly [string, ...string[]]) {
  const list = words(text);
  const entities = found
    .filter((word) => word !== '')
    .map((word) => ({ start: text.indexOf(word), end: text.indexOf(word) + word.length, label: 'place' }));
  return { text, words: list, features: wordFeatures(text, list), tags: tagsOf(list, entities, ['place']) };
}

describe('a lexical tagger', () => {
  const texts = sentences.map(prepared);

  it('learns from the looks of words and their neighbours', () => {
    const logprobs = lexicalLogprobs(trainLexicalTagger(texts, 3));
    const { features } = prepared(['a day in Gent', 'Gent']);
    const values = logprobs(features);
    assert.equal(values.length, 12);
    for (let w = 0; w < 4; w++) {
      const row = values.subarray(w * 3, w * 3 + 3);
      assert.equal(row.indexOf(Math.max(...row)), w === 3 ? 1 : 0, `word ${w}: ${row}`);
    }
  });

  it('never says less than exp(-8), however sure it is', () => {
    const sure = texts.flatMap((text) => Array.from({ length: 40 }, () => text));
    const values = lexicalLogprobs(trainLexicalTagger(sure, 3))((sure[0] as (typeof sure)[number]).features);
    assert.ok(values.every((value) => value >= -8 && value <= 0));
    assert.equal(Math.min(...values), -8);
  });

  it('is asked about texts that it has not seen: a word that one text alone has is a surprise', () => {
    const odd = [...texts, prepared(['zorp zorp zorp'])].map((text, i) =>
      i < sentences.length ? text : { ...text, tags: Int32Array.of(1, 1, 1) },
    );
    const seen = lexicalLogprobs(trainLexicalTagger(odd, 3))((odd.at(-1) as (typeof odd)[number]).features);
    const heldOut = heldOutLexicalLogprobs(odd, 3, { folds: 5, seed: 1 });
    assert.deepEqual(
      heldOut.map((own) => own.length),
      odd.map(({ tags }) => tags.length * 3),
    );
    assert.ok((seen[1] as number) > Math.log(0.8), `seen: ${seen[1]}`);
    assert.ok((heldOut.at(-1)?.[1] as number) < Math.log(0.5), `held out: ${heldOut.at(-1)?.[1]}`);
  });
});

describe('a tagger', () => {
  const labels = ['place'];

  /** A hidden state that says where places begin and go on, or one that says nothing. */
  function texts(kind: 'telling' | 'mute'): TaggedText[] {
    return sentences.map(prepared).map(({ tags, features }) => ({
      tags,
      features,
      hidden: Float32Array.from(
        [...tags].flatMap((tag) => [0, 1, 2].map((f) => (kind === 'mute' ? 0 : (f === tag ? 3 : 0) + noise() / 5))),
      ),
    }));
  }

  const found = (tagger: ReturnType<typeof trainTagger>, hidden: Float32Array, text: string) => {
    const list = words(text);
    const logprobs = tagger.lexical === null ? null : lexicalLogprobs(tagger.lexical.tagger)(wordFeatures(text, list));
    const scores = emissions(tagger, hiddenScores(tagger, hidden), logprobs);
    return decodeEntities(text, list, labels, scores, tagger.steps).entities.map((entity) => entity.text);
  };

  it('finds in new texts what the hidden state tells, whole stretches at a time', () => {
    const tagger = trainTagger(texts('telling'), { labels, width: 3, l2: 0.1, lexical: false, seed: 1 });
    const state = (...tags: number[]) =>
      Float32Array.from(tags.flatMap((tag) => [0, 1, 2].map((f) => (f === tag ? 3 : 0))));
    assert.deepEqual(found(tagger, state(0, 1, 0, 1), 'x Bonn x Ulm'), ['Bonn', 'Ulm']);
  });

  it('never goes on with what has not begun', () => {
    const tagger = trainTagger(texts('telling'), { labels, width: 3, l2: 0.1, lexical: true, seed: 1 });
    assert.equal(tagger.steps.first[2], Number.NEGATIVE_INFINITY);
    assert.equal(tagger.steps.next[2], Number.NEGATIVE_INFINITY);
  });

  it('joins the looks of words where the hidden state is mute', () => {
    const options = { labels, width: 3, l2: 0.1, seed: 1 };
    const text = 'a day in Gent';
    const joined = trainTagger(texts('mute'), { ...options, lexical: true });
    assert.deepEqual(found(joined, new Float32Array(12), text), ['Gent']);
    const alone = trainTagger(texts('mute'), { ...options, lexical: false });
    assert.equal(alone.lexical, null);
    assert.deepEqual(found(alone, new Float32Array(12), text), []);
  });

  it('is the same each time, and its numbers are finite', () => {
    const list = texts('telling');
    const train = () => trainTagger(list, { labels, width: 3, l2: 1, lexical: true, seed: 3 });
    const tagger = train();
    assert.deepEqual(tagger, train());
    assert.ok(tagger.rows.every((row) => row.every(Number.isFinite)) && tagger.bias.every(Number.isFinite));
  });

  it('learns from texts without words and without entities among the others', () => {
    const empty = { tags: new Int32Array(), features: [], hidden: new Float32Array() };
    const list = [empty, ...texts('telling'), empty];
    const tagger = trainTagger(list, { labels, width: 3, l2: 1, lexical: true, seed: 1 });
    assert.deepEqual(found(tagger, new Float32Array(), ''), []);
    const first = list[1] as TaggedText;
    assert.deepEqual(stretchesOf(first.tags), [{ label: 0, first: 3, last: 3 }]);
    assert.deepEqual(found(tagger, first.hidden, sentences[0]?.[0] as string), ['Rome']);
  });
});
