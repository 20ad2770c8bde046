import type { Passage } from './passages.js';

/** Sentences of a passage, and what was made of them. */
export interface Fitting<T> {
  readonly part: readonly Passage[];
  readonly made: T;
}

/**
 * As many sentences of a passage as there is room for, from the first on; where one alone is too long, its beginning.
 * A passage is short for most texts, but a script of which each character is several tokens, many examples in the prompt
 * or a small context may leave no room for it.
 * @param make the prompt with these sentences
 * @param fits whether there is room for it
 */
export function fittingWindow<T>(
  window: readonly Passage[],
  make: (part: readonly Passage[]) => T,
  fits: (made: T) => boolean,
): Fitting<T> {
  let part = window;
  for (;;) {
    const made = make(part);
    const shorter = fits(made) ? null : shortened(part);
    if (shorter === null) return { part, made };
    part = shorter;
  }
}

/** Null where nothing can be left out. */
function shortened(part: readonly Passage[]): readonly Passage[] | null {
  if (part.length > 1) return part.slice(0, -1);
  const [last] = part;
  return last === undefined || last.text.length <= 1 ? null : [firstHalf(last)];
}

function firstHalf(passage: Passage): Passage {
  const half = passage.text.slice(0, passage.text.length >> 1);
  // Not between the halves of a character.
  const text = half.isWellFormed() ? half : half.slice(0, -1);
  return { ...passage, text, end: passage.start + text.length };
}
