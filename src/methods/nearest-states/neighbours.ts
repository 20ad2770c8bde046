import { z } from 'zod';
import { arrayNamed } from '../../heads/tagger-file.js';
import type { StoredNumbers } from '../../types.js';

/** Labelled hidden states, and how their votes count. */
export interface Neighbours {
  readonly labels: readonly string[];
  /** Blocks of the model after which a state is read. */
  readonly layers: number;
  /** Directions of the examples' states, seen from their mean, of length 1. */
  readonly rows: readonly Float32Array[];
  /** What is taken off the product of a row with a state: the product with the mean. */
  readonly bias: Float32Array;
  /** Index of the label of each row. */
  readonly classes: Int32Array;
  /** So many of the likest examples vote. */
  readonly count: number;
  /** Divides likenesses before they become votes. */
  readonly temperature: number;
}

const neighboursKind = 'nearest-states';

const settingsSchema = z.object({
  labels: z.array(z.string()).min(1),
  layers: z.int().min(1),
  width: z.int().min(1),
  examples: z.int().min(1),
  count: z.int().min(1),
  temperature: z.number().positive(),
});

/** Of states that are labelled. */
export function neighboursOf(
  states: readonly Float32Array[],
  { classes, ...settings }: Omit<Neighbours, 'rows' | 'bias'>,
): Neighbours {
  const mean = meanOf(states);
  const rows = states.map((state) => unit(state.map((value, i) => value - (mean[i] as number))));
  return { ...settings, classes, rows, bias: Float32Array.from(rows, (row) => dot(row, mean)) };
}

/**
 * The probability of each label: likenesses of the likest examples as a softmax, summed by label, and a little for
 * every label.
 * @param products of each row with the state
 */
export function labelShares(
  { labels, bias, classes, count, temperature }: Omit<Neighbours, 'rows'>,
  products: ArrayLike<number>,
): number[] {
  const likeness = Array.from(bias, (taken, i) => ((products[i] as number) - taken) / temperature);
  const ranked = [...likeness.keys()].sort((a, b) => (likeness[b] as number) - (likeness[a] as number)).slice(0, count);
  const most = likeness[ranked[0] as number] as number;
  const votes = labels.map(() => smoothing / labels.length);
  let total = smoothing;
  for (const i of ranked) {
    const vote = Math.exp((likeness[i] as number) - most);
    votes[classes[i] as number] = (votes[classes[i] as number] as number) + vote;
    total += vote;
  }
  return votes.map((vote) => vote / total);
}

/** Votes of an example in all, shared among the labels: no label is impossible. */
const smoothing = 0.5;

export function storedNeighbours({
  labels,
  layers,
  rows,
  bias,
  classes,
  count,
  temperature,
}: Neighbours): StoredNumbers {
  const width = rows[0]?.length ?? 0;
  const flat = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    flat.set(row, i * width);
  });
  return {
    kind: neighboursKind,
    settings: { labels, layers, width, examples: rows.length, count, temperature },
    arrays: { rows: flat, bias, classes },
  };
}

/** @throws Error when they are not those of this method */
export function neighboursFrom({ kind, settings, arrays }: StoredNumbers): Neighbours {
  if (kind !== neighboursKind) throw new Error(`they are a ${kind}`);
  const { width, examples, ...rest } = settingsSchema.parse(settings);
  const flat = Float32Array.from(arrayNamed(arrays, 'rows', examples * width));
  return {
    ...rest,
    rows: Array.from({ length: examples }, (_, i) => flat.subarray(i * width, (i + 1) * width)),
    bias: Float32Array.from(arrayNamed(arrays, 'bias', examples)),
    classes: Int32Array.from(arrayNamed(arrays, 'classes', examples)),
  };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function meanOf(states: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(states[0]?.length ?? 0);
  for (const state of states)
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + (state[i] as number) / states.length;
  return mean;
}

function unit(values: Float32Array): Float32Array {
  const length = Math.sqrt(dot(values, values)) || 1;
  return values.map((value) => value / length);
}
