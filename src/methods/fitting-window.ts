import type { Passage } from './passages.js';

/**
 * As many sentences of a passage as there is room for, from the first on; where one alone is too long, its beginning.
 * A passage is short for most texts, but a script of which each character is several tokens, many examples in the prompt
 * or a small context may leave no room for it.
 * @param fits whether there is room for a prompt with these sentences
 */
export function fittingWindow(
  window: readonly Passage[],
  fits: (part: readonly Passage[]) => boolean,
): readonly Passage[] {
  let part = window;
  while (part.length > 1 && !fits(part)) part = part.slice(0, -1);
  let [last] = part;
  while (last !== undefined && last.text.length > 1 && !fits(part)) {
    last = firstHalf(last);
    part = [last];
  }
  return part;
}

function firstHalf(passage: Passage): Passage {
  const half = passage.text.slice(0, passage.text.length >> 1);
  // Not between the halves of a character.
  const text = half.isWellFormed() ? half : half.slice(0, -1);
  return { ...passage, text, end: passage.start + text.length };
}
