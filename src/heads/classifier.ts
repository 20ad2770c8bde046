import { crossFitBlend, fitBlend, type Sources } from '../linear/blend.js';
import { crossValidate } from '../linear/cross-validation.js';
import { assignFolds } from '../linear/folds.js';
import { train } from '../linear/logistic.js';
import { type DenseMatrix, denseMatrix, type SparseMatrix, selectRows } from '../linear/matrix.js';
import { type LinearModel, logProbabilities, predictLogProbabilities, predictScores } from '../linear/model.js';
import { type ClassWeight, rowsOf, selectTargets, type Targets } from '../linear/targets.js';
import { fitClassTfidf, type Tfidf, tfidfTransform } from '../linear/tfidf.js';

/**
 * A classifier over frozen features: the score of a label is linear in the hidden state after the prompt and, where
 * joined, in the log-probabilities of a lexical classifier.
 */
export interface Classifier {
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  readonly width: number;
  /** A row for each label over the hidden state as it is read; the temperature is in it already. */
  readonly rows: readonly Float32Array[];
  readonly bias: Float64Array;
  readonly lexical:
    | (WordClassifier & {
        /** The weight of its scores. */
        readonly factor: number;
      })
    | null;
  /** A row for each label over the vector that an embedding model gives the text, its weight in it; null without one. */
  readonly vectors: readonly Float32Array[] | null;
}

/** Labels by counts of words and characters. */
export interface WordClassifier {
  readonly tfidf: Tfidf;
  readonly model: LinearModel;
}

/** With what such ones without a text say of it: a row a text, in order. */
export interface TrainedWords {
  readonly words: WordClassifier;
  readonly heldOut: readonly Float64Array[];
}

/** A classifier over vectors of an embedding model, and what ones without a text say of it. */
export type TrainedVectors = Pick<TrainedClassifier, 'classifier' | 'heldOut'>;

/** The training data of a classifier: one row a text. */
export interface ClassifierData {
  readonly hidden: readonly Float32Array[];
  readonly targets: Targets;
}

export interface ClassifierOptions {
  readonly labels: readonly string[];
  readonly width: number;
  /** Counts of words to join, with what they say of the same rows; null for states alone. */
  readonly lexical: TrainedWords | null;
  /** A classifier over other features of the same texts to join, its held-out rows those of the data. */
  readonly vectors?: TrainedVectors | null;
  /** `chosen` also tries features whose spread within the labels is evened out. Defaults to `standardised`. */
  readonly scaling?: 'standardised' | 'chosen';
  readonly seed: number;
  /** Strengths of L2 on standardised features to choose from, by held-out loss. */
  readonly grid?: readonly number[];
  /** `balanced` lets rare labels count as much as others. Probabilities are then as if all were as common. */
  readonly classWeight?: ClassWeight;
  /** Folds of the choice and of the temperature. Defaults to 5, with many labels 3. */
  readonly folds?: number;
}

/** L2 strengths for word counts. With several labels, few texts have each label, so their losses weigh less against L2. */
const lexicalL2 = { single: 0.3, multi: 0.03 };
const lexicalFolds = 5;
/** Half a decade apart: wider than the noise of a few hundred examples, narrow enough to lose nothing. */
const fine = {
  single: { grid: [10_000, 3000, 1000, 300, 100, 30, 10], folds: 5 },
  multi: { grid: [1000, 300, 100, 30, 10, 3, 1], folds: 5 },
};
/** With many labels each fit takes seconds, and a strength three times off costs little: it is chosen more coarsely. */
const coarse = {
  single: { grid: [600, 60, 6], folds: 3, tolerance: 1e-3 },
  multi: { grid: [100, 10, 1], folds: 3, tolerance: 1e-3 },
};
/** The same for features whose spread is evened out, which is not compared with others then. */
const coarseEven = { grid: [100, 30], folds: 3, tolerance: 1e-3 };
/** Weights times rows from which on that is so: some 400 rows of 77 labels at a width of 640. */
const large = 20_000_000;
/** Labels from which on that is so, too, where each is decided by itself: that takes more steps. */
const manyDecisions = 16;

/** How far the spread of features within the labels is evened out where that is tried. */
const withinLabels = 3;

/**
 * Holds the factors near 1 and 0 where a few dozen rows that are nearly all right would ask for certainty; hundreds of rows
 * with mistakes among them hardly feel it.
 */
const blendL2 = 2;

/** The values that training returns in addition to the classifier. */
export interface TrainedClassifier {
  readonly classifier: Classifier;
  readonly l2: number;
  /** Log-probabilities that classifiers without a row gave it, rows × labels, calibrated on the other folds: what to expect of new texts. */
  readonly heldOut: DenseMatrix;
}

export function trainClassifier(data: ClassifierData, options: ClassifierOptions): TrainedClassifier {
  return joinClassifier(fitFeatures(data, options), options);
}

/** A linear layer over the features alone, and what such ones without a text say of it. */
export interface FittedFeatures {
  readonly model: LinearModel;
  readonly l2: number;
  readonly targets: Targets;
  /** Out-of-fold scores before the link, and the fold of each row. */
  readonly heldOut: DenseMatrix;
  readonly fold: Int32Array;
}

/** The dear part of training: nothing in it depends on what stands beside the features. */
export function fitFeatures(
  { hidden, targets }: ClassifierData,
  { labels, width, seed, ...options }: Omit<ClassifierOptions, 'lexical' | 'vectors'>,
): FittedFeatures {
  const X = denseMatrix(hidden, width);
  const { scaling = 'standardised', classWeight } = options;
  const many = targets.kind === 'multi' && labels.length > manyDecisions;
  const isLarge = many || X.rows * width * labels.length > large;
  // One label of many is told from the others by what varies little within labels.
  const even = scaling === 'chosen' && targets.kind === 'single';
  const choice = even && isLarge ? coarseEven : (isLarge ? coarse : fine)[targets.kind];
  const { grid = choice.grid, folds = choice.folds } = options;
  const common = { tolerance: 1e-4, ...choice, ...(classWeight === undefined ? {} : { classWeight }) };
  const ways = [...(even && isLarge ? [] : [{ standardise: true }]), ...(even ? [{ spread: withinLabels }] : [])];
  const tried = ways.map((way) => ({
    way,
    ...crossValidate(X, targets, { ...common, ...way, grid, folds, seed, tempered: scaling === 'chosen' }),
  }));
  const [best] = tried.sort((a, b) => a.logLoss - b.logLoss) as [(typeof tried)[0]];
  const { l2, heldOut, fold } = best;
  return { model: train(X, targets, { ...common, tolerance: 1e-4, ...best.way, l2 }), l2, targets, heldOut, fold };
}

/** The same fit, for its rows in another order. */
export function reorderFeatures(fitted: FittedFeatures, rows: readonly number[]): FittedFeatures {
  const { targets, heldOut, fold } = fitted;
  return {
    ...fitted,
    targets: selectTargets(targets, rows),
    heldOut: selectRows(heldOut, rows),
    fold: Int32Array.from(rows, (row) => fold[row] as number),
  };
}

/** Adds what stands beside the features, each as much as out-of-fold scores say that it counts. */
export function joinClassifier(
  { model, l2, targets, heldOut, fold }: FittedFeatures,
  { labels, width, lexical, vectors = null }: Pick<ClassifierOptions, 'labels' | 'width' | 'lexical' | 'vectors'>,
): TrainedClassifier {
  // Each says what it makes of the text, and how much either counts is learned from what they said of texts that they had
  // not seen. Counts of words as features beside the states are fitted far too well to the texts at hand.
  const sources: Sources = [
    heldOut,
    ...(lexical === null ? [] : [denseMatrix(lexical.heldOut, labels.length)]),
    ...(vectors === null ? [] : [scoresOf(vectors)]),
  ];
  // Strong L2 makes rare labels that are decided one by one too unlikely, all of them alike. A bias for each would be
  // fitted to a handful of texts.
  const blending = { l2: blendL2, bias: targets.kind === 'multi' ? ('common' as const) : ('none' as const) };
  const blend = fitBlend(sources, targets, blending);
  const [ofStates, ...others] = blend.factors as [number, ...number[]];
  const ofWords = lexical === null ? 0 : (others.shift() as number);
  const [ofVectors = 0] = others;
  return {
    classifier: {
      labels,
      multiLabel: targets.kind === 'multi',
      width,
      rows: labels.map((_, label) =>
        Float32Array.from(model.weights.subarray(label * width, (label + 1) * width), (weight) => weight * ofStates),
      ),
      bias: Float64Array.from(
        model.bias,
        (value, label) =>
          value * ofStates + (blend.bias[label] as number) + ofVectors * (vectors?.classifier.bias[label] ?? 0),
      ),
      lexical: lexical === null ? null : { ...lexical.words, factor: ofWords },
      vectors: vectors?.classifier.rows.map((row) => row.map((weight) => weight * ofVectors)) ?? null,
    },
    l2,
    heldOut: logProbabilities(crossFitBlend(sources, targets, fold, blending), model.link),
  };
}

/** As scores that a blend takes: of labels that exclude each other log-probabilities, else log-odds. */
function scoresOf({ classifier, heldOut }: TrainedVectors): DenseMatrix {
  if (!classifier.multiLabel) return heldOut;
  return { ...heldOut, values: heldOut.values.map((log) => log - Math.log(-Math.expm1(log))) };
}

/**
 * Several classifiers as one, whose log-probabilities are the means of theirs. Their features stand one behind the
 * other; counts of words, where there are any, have to be the same for all.
 */
export function averaged(classifiers: readonly [Classifier, ...Classifier[]]): Classifier {
  const [first] = classifiers;
  const share = 1 / classifiers.length;
  const factors = classifiers.map(({ lexical }) => lexical?.factor ?? 0);
  const width = classifiers.reduce((sum, each) => sum + each.width, 0);
  return {
    ...first,
    width,
    rows: first.labels.map((_, label) => {
      const row = new Float32Array(width);
      let at = 0;
      for (const { rows, width: own } of classifiers) {
        row.set(
          (rows[label] as Float32Array).map((weight) => weight * share),
          at,
        );
        at += own;
      }
      return row;
    }),
    bias: first.bias.map((_, label) =>
      classifiers.reduce((sum, each) => sum + (each.bias[label] as number) * share, 0),
    ),
    lexical:
      first.lexical === null
        ? null
        : { ...first.lexical, factor: share * factors.reduce((sum, factor) => sum + factor, 0) },
    vectors:
      first.vectors?.map((row, label) =>
        row.map((_, i) => share * classifiers.reduce((sum, { vectors }) => sum + (vectors?.[label]?.[i] ?? 0), 0)),
      ) ?? null,
  };
}

/** A lexical classifier on all texts, and what ones without a text say of it. */
export function trainWords(texts: readonly string[], targets: Targets, seed: number): TrainedWords {
  const { tfidf, large } = fitClassTfidf(texts, targets.classes);
  const X = tfidfTransform(tfidf)(texts);
  // Of many weights a rough fit says as much: Banking77, 30 a label, with embeddings, Brier score 0.1621 either way.
  const options = { l2: lexicalL2[targets.kind], tolerance: large ? 1e-3 : 1e-4 };
  const folds = Math.max(2, Math.min(lexicalFolds, rowsOf(targets)));
  const strata = Int32Array.from({ length: rowsOf(targets) }, (_, row) =>
    targets.kind === 'single' ? (targets.y[row] as number) : (targets.y[row * targets.classes] as number),
  );
  const fold = assignFolds(strata, { folds, seed: seed + 1 });
  const heldOut: Float64Array[] = [];
  for (let k = 0; k < folds; k++) {
    const inside = Array.from(fold.keys()).filter((row) => fold[row] !== k);
    const outside = Array.from(fold.keys()).filter((row) => fold[row] === k);
    if (inside.length === 0 || outside.length === 0) continue;
    const model = train(selectRows(X, inside), selectTargets(targets, inside), options);
    const { values } = wordScores(model, selectRows(X, outside));
    outside.forEach((row, i) => {
      heldOut[row] = clipped(values.subarray(i * targets.classes, (i + 1) * targets.classes));
    });
  }
  return { words: { tfidf, model: train(X, targets, options) }, heldOut };
}

/** Scores of the labels by word counts: log-probabilities, or log-odds if several labels can hold. */
function wordScores(model: LinearModel, X: SparseMatrix): DenseMatrix {
  return model.link === 'softmax' ? predictLogProbabilities(model, X) : predictScores(model, X);
}

/** Further from 0 they say no more than "unlikely", or "likely". */
const furthest = 8;

function clipped(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values, (value) => Math.min(furthest, Math.max(-furthest, value)));
}

/** The share of the lexical part in the scores of a text; zeros where the classifier has none. */
export function lexicalScores(classifier: Classifier): (text: string) => Float64Array {
  const { labels, lexical } = classifier;
  if (lexical === null) return () => new Float64Array(labels.length);
  const transform = tfidfTransform(lexical.tfidf);
  return (text) => {
    return clipped(wordScores(lexical.model, transform([text])).values).map((score) => score * lexical.factor);
  };
}

/** What each label gets from a vector by rows over it. */
export function rowScores(rows: readonly Float32Array[], vector: Float32Array): number[] {
  return rows.map((row) => row.reduce((sum, weight, i) => sum + weight * (vector[i] as number), 0));
}

/** Probability of each label from the scores of all parts. */
export function classProbabilities(classifier: Classifier, ...parts: readonly ArrayLike<number>[]): number[] {
  const { labels, bias, multiLabel } = classifier;
  const scores = Float64Array.from(labels, (_, c) =>
    parts.reduce((sum, part) => sum + (part[c] as number), bias[c] as number),
  );
  const row: DenseMatrix = { kind: 'dense', rows: 1, columns: labels.length, values: scores };
  return Array.from(logProbabilities(row, multiLabel ? 'sigmoid' : 'softmax').values, Math.exp);
}
