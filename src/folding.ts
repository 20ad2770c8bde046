import { type Run, runs } from './scripts.js';

/** Accents, and the vowel signs of Hebrew and Arabic. Marks of other scripts tell letters apart, as in kana and Thai. */
const marks = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]/gu;

/** Latin letters that Unicode does not take apart, after upper and lower case were made the same. */
const letters: Readonly<Record<string, string>> = {
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
};

/**
 * A text without case and accents, for comparing: `Zürich` and `ZURICH` become `zurich`, `Straße` and `Strasse` become
 * `strasse`. Its length may be another one.
 */
export function fold(text: string): string {
  if (/^[\0-\x7f]*$/u.test(text)) return text.toLowerCase();
  return (
    text
      .normalize('NFKD')
      .replace(marks, '')
      // Upper case first: ß becomes ss, and the dotless ı becomes i.
      .toUpperCase()
      .toLowerCase()
      .replace(/[øłđðħæœþ]/gu, (letter) => letters[letter] as string)
      .normalize('NFC')
  );
}

/** The words of a text for comparing, folded and without punctuation, cut where a script without blanks begins or ends. */
export function foldedRuns(text: string): Run[] {
  return [...fold(text).matchAll(/[\p{L}\p{M}\p{N}]+/gu)].flatMap(([word]) => runs(word));
}

/** The same as single words; of a script without blanks each character. */
export function foldedWords(text: string): string[] {
  return foldedRuns(text).flatMap((run) => (run.isUnspaced ? [...run.text] : [run.text]));
}
