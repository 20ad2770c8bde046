import { z } from 'zod';
import type { StoredNumbers } from '../types.js';
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
});

export function classifierBlob({ classifier, layers, pooling, prompts }: ClassifierHead): StoredNumbers {
  const { labels, multiLabel, width, rows, bias, lexical } = classifier;
  const flat = new Float32Array(rows.length * width);
  rows.forEach((row, label) => {
    flat.set(row, label * width);
  });
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
      ...(lexical === null ? {} : { [multiLabel ? 'wordOddsFactor' : 'wordFactor']: lexical.factor }),
    },
    arrays: {
      rows: flat,
      bias,
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
  const flat = arrayNamed(arrays, 'rows', n * width);
  return {
    layers,
    pooling,
    prompts,
    classifier: {
      labels,
      multiLabel,
      width,
      rows: labels.map((_, label) => Float32Array.from(flat.subarray(label * width, (label + 1) * width))),
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
