import { z } from 'zod';
import type { StoredArray, StoredNumbers } from '../types.js';
import type { Classifier } from './classifier.js';
import { type Pooling, poolings } from './pooling.js';
import { arrayNamed } from './tagger-file.js';

/** A classifier with how its features are read: after the profile's prompt, or after several, one behind the other. */
export interface ClassifierHead {
  readonly classifier: Classifier;
  /** Blocks of the model that are kept. */
  readonly layers: number;
  readonly pooling: Pooling;
  /** Prompts that a text is read after. */
  readonly prompts: number;
}

export const classifierKind = 'classifier';

/** Arrays that are stored with 3 digits. */
export const coarseClassifierArrays = ['lexicalWeights'];

const settingsSchema = z.object({
  labels: z.array(z.string()).min(1),
  multiLabel: z.boolean(),
  width: z.int().min(1),
  layers: z.int().min(1),
  pooling: z.enum(poolings).default('last'),
  prompts: z.int().min(1).default(1),
  terms: z.array(z.string()).nullable(),
  /** The weight of the log-probabilities from word counts. */
  wordFactor: z.number().optional(),
  /** The same for log-odds, where each label is decided by itself. */
  wordOddsFactor: z.number().optional(),
  /** Numbers of a vector of an embedding model, where one stands beside the features. */
  vectorWidth: z.int().min(1).optional(),
});

export function classifierBlob({ classifier, layers, pooling, prompts }: ClassifierHead): StoredNumbers {
  const { labels, multiLabel, width, rows, bias, lexical, vectors } = classifier;
  return {
    kind: classifierKind,
    settings: {
      labels,
      multiLabel,
      width,
      layers,
      pooling,
      prompts,
      terms: lexical?.tfidf.terms ?? null,
      ...(vectors === null ? {} : { vectorWidth: vectors[0]?.length }),
      ...(lexical === null ? {} : { [multiLabel ? 'wordOddsFactor' : 'wordFactor']: lexical.factor }),
    },
    arrays: {
      rows: flat(rows),
      bias,
      ...(vectors === null ? {} : { vectorRows: flat(vectors) }),
      ...(lexical === null
        ? {}
        : {
            idf: Float32Array.from(lexical.tfidf.idf),
            lexicalWeights: Float32Array.from(lexical.model.weights),
            lexicalBias: lexical.model.bias,
          }),
    },
  };
}

/** @throws Error when the blob is no classifier */
export function classifierFrom({ kind, settings, arrays }: StoredNumbers): ClassifierHead {
  if (kind !== classifierKind) throw new Error(`it holds a ${kind}, not a classifier`);
  const { labels, multiLabel, width, layers, pooling, prompts, terms, ...read } = settingsSchema.parse(settings);
  const factor = multiLabel ? read.wordOddsFactor : read.wordFactor;
  if (terms !== null && factor === undefined) throw new Error('an earlier version of slm wrote it');
  const n = labels.length;
  const { vectorWidth } = read;
  return {
    layers,
    pooling,
    prompts,
    classifier: {
      labels,
      multiLabel,
      width,
      rows: rowsOf(arrayNamed(arrays, 'rows', n * width), width),
      vectors:
        vectorWidth === undefined ? null : rowsOf(arrayNamed(arrays, 'vectorRows', n * vectorWidth), vectorWidth),
      bias: Float64Array.from(arrayNamed(arrays, 'bias', n)),
      lexical:
        terms === null || factor === undefined
          ? null
          : {
              tfidf: { terms, idf: Array.from(arrayNamed(arrays, 'idf', terms.length)) },
              factor,
              model: {
                link: multiLabel ? 'sigmoid' : 'softmax',
                classes: n,
                features: terms.length,
                weights: Float64Array.from(arrayNamed(arrays, 'lexicalWeights', n * terms.length)),
                bias: Float64Array.from(arrayNamed(arrays, 'lexicalBias', n)),
              },
            },
    },
  };
}

function flat(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, label) => {
    all.set(row, label * width);
  });
  return all;
}

function rowsOf(all: StoredArray, width: number): Float32Array[] {
  return Array.from({ length: all.length / width }, (_, row) =>
    Float32Array.from(all.subarray(row * width, (row + 1) * width)),
  );
}
