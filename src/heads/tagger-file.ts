import { z } from 'zod';
import type { LinearModel } from '../linear/model.js';
import type { Platt } from '../linear/platt.js';
import type { StoredArray, StoredNumbers } from '../types.js';
import type { Tagger } from './tagger.js';
import { tagCount } from './tags.js';
import { type Reading, readings } from './word-reading.js';

/** A tagger with how its features are read. */
export interface TaggerHead {
  readonly tagger: Tagger;
  /** Blocks of the model that are kept. */
  readonly layers: number;
  readonly reading: Reading;
  /** Turns log-odds of an entity's score into what held-out entities with such a score were. */
  readonly sureness: Platt;
}

export const taggerKind = 'tagger';

/** Arrays that are stored with 3 digits. */
export const coarseTaggerArrays = ['lexicalWeights'];

const settingsSchema = z.object({
  labels: z.array(z.string()).min(1),
  width: z.int().min(1),
  layers: z.int().min(1),
  reading: z.enum(readings),
  lexical: z.boolean(),
  sureness: z.object({ slope: z.number(), intercept: z.number() }),
});

export function taggerBlob({ tagger, layers, reading, sureness }: TaggerHead): StoredNumbers {
  const { labels, width, rows, bias, lexical, steps } = tagger;
  const flat = new Float32Array(rows.length * width);
  rows.forEach((row, tag) => {
    flat.set(row, tag * width);
  });
  return {
    kind: taggerKind,
    settings: { labels, width, layers, reading, lexical: lexical !== null, sureness },
    arrays: {
      rows: flat,
      bias,
      first: steps.first,
      next: steps.next,
      ...(lexical === null
        ? {}
        : {
            mix: lexical.mix,
            lexicalKeys: lexical.tagger.keys,
            lexicalWeights: Float32Array.from(lexical.tagger.model.weights),
            lexicalBias: lexical.tagger.model.bias,
          }),
    },
  };
}

/** @throws Error when the blob is no tagger */
export function taggerFrom({ kind, settings, arrays }: StoredNumbers): TaggerHead {
  if (kind !== taggerKind) throw new Error(`it holds a ${kind}, not a tagger`);
  const { labels, width, layers, reading, lexical, sureness } = settingsSchema.parse(settings);
  const tags = tagCount(labels.length);
  const flat = arrayNamed(arrays, 'rows', tags * width);
  const bias = Float64Array.from(arrayNamed(arrays, 'bias', tags));
  return {
    layers,
    reading,
    sureness,
    tagger: {
      labels,
      width,
      rows: Array.from({ length: tags }, (_, tag) => Float32Array.from(flat.subarray(tag * width, (tag + 1) * width))),
      bias,
      steps: {
        classes: tags,
        first: Float64Array.from(arrayNamed(arrays, 'first', tags)),
        next: Float64Array.from(arrayNamed(arrays, 'next', tags * tags)),
      },
      lexical: lexical
        ? {
            mix: Float64Array.from(arrayNamed(arrays, 'mix', tags * tags)),
            tagger: { keys: Uint32Array.from(arrays.lexicalKeys ?? []), model: lexicalModel(arrays, tags) },
          }
        : null,
    },
  };
}

function lexicalModel(arrays: StoredNumbers['arrays'], tags: number): LinearModel {
  const features = arrays.lexicalKeys?.length ?? 0;
  return {
    link: 'softmax',
    classes: tags,
    features,
    weights: Float64Array.from(arrayNamed(arrays, 'lexicalWeights', tags * features)),
    bias: Float64Array.from(arrayNamed(arrays, 'lexicalBias', tags)),
  };
}

/** An array of a blob that must have so many numbers. */
export function arrayNamed(arrays: StoredNumbers['arrays'], name: string, length: number): StoredArray {
  const found = arrays[name];
  if (found === undefined || found.length !== length) {
    throw new Error(`"${name}" has ${found?.length ?? 'no'} numbers, not ${length}`);
  }
  return found;
}
