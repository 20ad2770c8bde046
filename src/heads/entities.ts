import { bestSequence, type ChainMarginals, type ChainSteps, marginals } from '../linear/chain.js';
import type { DenseMatrix } from '../linear/matrix.js';
import type { Entity, Span } from '../types.js';
import { stretchesOf } from './tags.js';

/** The result of decoding the tag scores of a text. */
export interface Decoded {
  readonly entities: readonly Entity[];
  /** The tag of each word. */
  readonly path: Int32Array;
  readonly chances: ChainMarginals;
}

/** The best sequence of tags as entities, each with the probability that exactly these words are one of this label. */
export function decodeEntities(
  text: string,
  words: readonly Span[],
  labels: readonly string[],
  scores: DenseMatrix,
  steps: ChainSteps,
): Decoded {
  const path = bestSequence(scores, steps);
  const chances = marginals(scores, steps);
  const entities = stretchesOf(path).map(({ label, first, last }): Entity => {
    const start = (words[first] as Span).start;
    const end = (words[last] as Span).end;
    const begin = 1 + 2 * label;
    const tags = Array.from({ length: last - first + 1 }, (_, i) => (i === 0 ? begin : begin + 1));
    const score = chances.stretch(first, tags, [begin + 1]);
    return { text: text.slice(start, end), label: labels[label] as string, start, end, score };
  });
  return { entities, path, chances };
}
