/** Scripts that put no blanks between words, as the inside of a character class of a regular expression. */
export const unspaced =
  '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\u30fc\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}';

/** A part of a word in one kind of script. */
export interface Run {
  readonly text: string;
  /** Whether it is of a script without blanks, so that it may be several words. */
  readonly isUnspaced: boolean;
}

const unspacedRun = new RegExp(`([${unspaced}][${unspaced}\\p{M}]*)`, 'u');

/** A word cut where its script begins or ceases to be one without blanks: `2024年` is `2024` and `年`. */
export function runs(word: string): Run[] {
  // Every second part is what the group of the expression has matched.
  return word
    .split(unspacedRun)
    .map((text, i) => ({ text, isUnspaced: i % 2 === 1 }))
    .filter(({ text }) => text !== '');
}

/** `l'`, `qu'` and the like before a vowel, in French and its relatives; in English `o'clock` and `O'Brien` are none. */
const elision = /^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’](?=\p{L})/iu;

/** Characters of the elided word before another one: 2 in `l'abbaye`, 0 where there is none. */
export function elisionLength(word: string): number {
  return elision.exec(word)?.[0].length ?? 0;
}

/** Sentences as one text, with blanks between them where their script has such. */
export function joinSentences(sentences: readonly string[]): string {
  return sentences.reduce(
    (text, sentence) => text + (text === '' || endsUnspaced.test(text) ? '' : ' ') + sentence,
    '',
  );
}

/** A character of a script without blanks, or one of its punctuation marks. */
const endsUnspaced = new RegExp(`[${unspaced}。！？；：，、」』】》〉）．]$`, 'u');
