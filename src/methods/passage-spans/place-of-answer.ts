import { fold } from '../../folding.js';
import { runs } from '../../scripts.js';
import { words as wordsOf } from '../../segment.js';
import type { Span } from '../../types.js';
import { type JoinedPassages, withoutElision } from './joined-passages.js';

/** Share of an answer's words that have to stand together in the passages. */
const leastShare = 0.5;

/**
 * Where the passages have what a model has answered: the longest run of the answer's words that stands in one sentence
 * or cell, whatever their case, accents and punctuation; the first one of several. Null where that is less than half of it.
 */
export function placeOfAnswer(answer: string, { text, words }: Pick<JoinedPassages, 'text' | 'words'>): Span | null {
  const wanted = wordsOf(answer)
    .flatMap((span) => withoutElision(answer, span))
    .flatMap((span) => units(answer, span))
    .map(({ word }) => word)
    .filter((word) => word !== '');
  const there = words
    .flatMap(({ start, end, group }) => units(text, { start, end }).map((unit) => ({ ...unit, group })))
    .filter(({ word }) => word !== '');
  let best = { from: 0, length: 0 };
  /** Length of the run that ends at each of the answer's words and at the passage's word before. */
  let before = new Uint16Array(wanted.length + 1);
  for (const [at, { word, group }] of there.entries()) {
    const runs = new Uint16Array(wanted.length + 1);
    const goesOn = at > 0 && there[at - 1]?.group === group;
    for (const [i, each] of wanted.entries()) {
      if (each !== word) continue;
      const length = 1 + (goesOn ? (before[i] as number) : 0);
      runs[i + 1] = length;
      if (length > best.length) best = { from: at - length + 1, length };
    }
    before = runs;
  }
  if (best.length === 0 || best.length < wanted.length * leastShare) return null;
  const { start } = there[best.from] as Span;
  const { end } = there[best.from + best.length - 1] as Span;
  return withSigns(text, { start, end });
}

/** A number with its currency, sign, per cent and degrees: they are no words, and without them it means another thing. */
function withSigns(text: string, { start, end }: Span): Span {
  const before = /^\p{N}/u.test(text.slice(start, end)) ? /(?:(?<![^\s(])[-−+±])?\p{Sc}?$/u : /$/u;
  const after = /\p{N}$/u.test(text.slice(start, end)) ? /^(?: ?[%‰]| ?°(?: ?[CFK]\b)?| ?\p{Sc})?/u : /^/u;
  return {
    start: start - (before.exec(text.slice(0, start))?.[0].length ?? 0),
    end: end + (after.exec(text.slice(end))?.[0].length ?? 0),
  };
}

/** A word as it is compared, or its characters in a script without blanks, where words are cut one way or another. */
function units(text: string, span: Span): (Span & { readonly word: string })[] {
  let end = span.start;
  return runs(text.slice(span.start, span.end)).some(({ isUnspaced }) => isUnspaced)
    ? [...text.slice(span.start, span.end).matchAll(/.\p{M}*/gsu)].map(([character]) => {
        const start = end;
        end += character.length;
        return { start, end, word: plain(character) };
      })
    : [{ ...span, word: plain(text.slice(span.start, span.end)) }];
}

/** A word without its case, accents and punctuation. */
function plain(word: string): string {
  return fold(word).replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}
