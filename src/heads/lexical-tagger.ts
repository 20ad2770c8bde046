import { assignFolds } from '../linear/folds.js';
import { train } from '../linear/logistic.js';
import { type SparseMatrix, selectRows } from '../linear/matrix.js';
import { type LinearModel, predictLogProbabilities } from '../linear/model.js';
import { collectKeys, type FeatureKeys, featureRows } from './word-features.js';

/** Tags from what words look like, without a model: a logistic regression over hashed word features. */
export interface LexicalTagger {
  readonly keys: FeatureKeys;
  /** tags × keys. */
  readonly model: LinearModel;
}

/** Words of one text, with their features and tags. */
export interface LexicalText {
  readonly features: readonly (readonly string[])[];
  readonly tags: Int32Array;
}

/** L2 against the sum of the losses; flat between 0.3 and 3 on news and tweets. */
const l2 = 1;
/** From so many words on, a feature that one word alone has is left out: it says little, and is most of the file. */
const manyWords = 4000;
/** Further from 0 than this, a held-out log-probability says no more than "never seen". */
const lowestLogprob = -8;

export function trainLexicalTagger(texts: readonly LexicalText[], tags: number): LexicalTagger {
  const words = texts.flatMap(({ features }) => features);
  const keys = collectKeys(words, words.length > manyWords ? 2 : 1);
  return { keys, model: fit(featureRows(keys)(words), goldOf(texts), tags) };
}

/** Log-probabilities of the tags of each word, words × tags, at least `lowestLogprob`. */
export function lexicalLogprobs(tagger: LexicalTagger): (features: readonly (readonly string[])[]) => Float64Array {
  const rows = featureRows(tagger.keys);
  return (features) => clipped(predictLogProbabilities(tagger.model, rows(features)).values);
}

/**
 * Out-of-fold log-probabilities: for every text words × tags, from a tagger that was not trained on it. They show how
 * sure a tagger is on new texts, and a second model may learn from them.
 */
export function heldOutLexicalLogprobs(
  texts: readonly LexicalText[],
  tags: number,
  options: { folds: number; seed: number },
): Float64Array[] {
  const folds = Math.max(2, Math.min(options.folds, texts.length));
  const fold = assignFolds(new Int32Array(texts.length), { folds, seed: options.seed });
  const words = texts.flatMap(({ features }) => features);
  const keys = collectKeys(words, words.length > manyWords ? 2 : 1);
  const X = featureRows(keys)(words);
  const gold = goldOf(texts);
  const ofText = texts.flatMap(({ tags: own }, text) => Array.from(own, () => text));
  const all = new Float64Array(words.length * tags);
  for (let k = 0; k < folds; k++) {
    const inside = rowsWhere(ofText, (text) => fold[text] !== k);
    const outside = rowsWhere(ofText, (text) => fold[text] === k);
    const model = fit(
      selectRows(X, inside),
      inside.map((row) => gold[row] as number),
      tags,
    );
    const values = clipped(predictLogProbabilities(model, selectRows(X, outside)).values);
    outside.forEach((row, i) => {
      all.set(values.subarray(i * tags, (i + 1) * tags), row * tags);
    });
  }
  let from = 0;
  return texts.map(({ tags: own }) => {
    const part = all.slice(from * tags, (from + own.length) * tags);
    from += own.length;
    return part;
  });
}

function fit(X: SparseMatrix, gold: ArrayLike<number>, tags: number): LinearModel {
  return train(X, { kind: 'single', classes: tags, y: Int32Array.from(gold) }, { l2, tolerance: 1e-4 });
}

function goldOf(texts: readonly LexicalText[]): number[] {
  return texts.flatMap(({ tags }) => [...tags]);
}

function rowsWhere(ofText: readonly number[], holds: (text: number) => boolean): number[] {
  const rows: number[] = [];
  ofText.forEach((text, row) => {
    if (holds(text)) rows.push(row);
  });
  return rows;
}

function clipped(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values, (value) => Math.max(value, lowestLogprob));
}
