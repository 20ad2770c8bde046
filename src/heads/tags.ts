import type { ChainMask } from '../linear/chain.js';
import type { Span } from '../types.js';

/**
 * Tags of words: 0 is outside, 1 + 2 i begins an entity of label i, 2 + 2 i goes on in one (BIO, also IOB2:
 * L. Ramshaw, M. Marcus, "Text Chunking using Transformation-Based Learning", 1995).
 */
export function tagCount(labels: number): number {
  return 1 + 2 * labels;
}

export function tagName(tag: number, labels: readonly string[]): string {
  if (tag === 0) return 'O';
  return `${tag % 2 === 1 ? 'B' : 'I'}-${labels[(tag - 1) >> 1]}`;
}

/** Nothing goes on that has not begun: I follows B or I of its own label only. */
export function tagMask(labels: number): ChainMask {
  const tags = tagCount(labels);
  const first = new Uint8Array(tags).fill(1);
  const next = new Uint8Array(tags * tags).fill(1);
  for (let tag = 2; tag < tags; tag += 2) {
    first[tag] = 0;
    for (let before = 0; before < tags; before++)
      next[before * tags + tag] = before === tag || before === tag - 1 ? 1 : 0;
  }
  return { first, next };
}

/**
 * Tags of the words of a text. An entity covers every word that it overlaps: where people cut finer than words are
 * cut, the word is the smallest that can be found.
 */
export function tagsOf(
  words: readonly Span[],
  entities: readonly (Span & { readonly label: string })[],
  labels: readonly string[],
): Int32Array {
  const tags = new Int32Array(words.length);
  for (const entity of entities) {
    const label = labels.indexOf(entity.label);
    if (label === -1) continue;
    let begun = false;
    words.forEach((word, i) => {
      if (word.start >= entity.end || word.end <= entity.start || tags[i] !== 0) return;
      tags[i] = begun ? 2 + 2 * label : 1 + 2 * label;
      begun = true;
    });
  }
  return tags;
}

/** A stretch of words with a label: words `first` to `last`, both in it. */
export interface TaggedStretch {
  readonly label: number;
  readonly first: number;
  readonly last: number;
}

/** The entities that tags say, left to right. */
export function stretchesOf(tags: ArrayLike<number>): TaggedStretch[] {
  const found: TaggedStretch[] = [];
  for (let i = 0; i < tags.length; i++) {
    const tag = tags[i] as number;
    if (tag === 0) continue;
    const label = (tag - 1) >> 1;
    const open = found.at(-1);
    if (tag % 2 === 0 && open !== undefined && open.last === i - 1 && open.label === label) {
      found[found.length - 1] = { ...open, last: i };
    } else {
      found.push({ label, first: i, last: i });
    }
  }
  return found;
}
