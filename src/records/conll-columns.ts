import { usageError } from '../errors.js';

/** Where in the lines of a CoNLL file words and tags stand, from 0. */
export interface Columns {
  readonly word: number;
  /** Null where the file has no tags; `last` where it is the last one of each line. */
  readonly tag: number | 'last' | null;
  /** Whether the first column numbers the words: lines such as `3-4` and `8.1` are no words of the text then. */
  readonly numbered: boolean;
}

/** The first one and the last one. */
export const usualColumns: Columns = { word: 0, tag: 'last', numbered: false };

export interface Tag {
  readonly prefix: string;
  /** Empty for `O`. */
  readonly label: string;
}

/** A tag of IOB1, IOB2, BIOES or BILOU; null for anything else. */
export function parseTag(tag: string): Tag | null {
  if (tag === 'O') return { prefix: 'O', label: '' };
  const match = /^([BIESLU])-(.+)$/.exec(tag);
  return match === null ? null : { prefix: match[1] ?? '', label: match[2] ?? '' };
}

const wordNames = /^(?:form|word|token|text)s?$/iu;
const tagNames = /^(?:tag|label|ner|ne|bio|iob|entity)s?$|(?:^|[:_.-])(?:ner|ne|entity)(?:$|[:_.-])/iu;

/**
 * Columns by their names, as in `# global.columns = ID FORM NER` (CoNLL-U Plus), or as a user gives them.
 * @throws SlmError where none is called like the words
 */
export function columnsNamed(names: readonly string[], file: string): Columns {
  const word = names.findIndex((name) => wordNames.test(name));
  const tag = names.findIndex((name) => tagNames.test(name));
  if (word === -1) {
    throw usageError(
      `${file}: none of the columns ${names.join(', ')} has the words`,
      'Call the column of words word, token or form, and that of tags tag or ner: --columns number,word,tag',
    );
  }
  return { word, tag: tag === -1 ? null : tag, numbered: /^(?:id|number|index|nr)$/iu.test(names[0] ?? '') };
}

/**
 * Columns by what stands in the lines of a sentence: the first column has the words, unless it numbers them, and the
 * last one the tags. Beside numbers, tags may stand in another column (Universal NER), or in none (treebanks).
 * @param isLast whether no further sentence can tell more
 * @returns null where the only word of the sentence may be a number, or be numbered
 */
export function columnsOf(
  lines: readonly (readonly string[])[],
  hasComments: boolean,
  isLast: boolean,
): Columns | null {
  const width = lines.reduce((least, cells) => Math.min(least, cells.length), Number.POSITIVE_INFINITY);
  const numbers = lines.map((cells) => cells[0] ?? '').filter((cell) => !isAside(cell));
  const first = Number(numbers[0]);
  const counts = numbers.every((cell, index) => /^\d+$/u.test(cell) && Number(cell) === first + index);
  if (width < 3 || numbers.length === 0 || first > 1 || !counts) return usualColumns;
  if (numbers.length === 1 && !isLast) return null;
  // One number alone is a word unless everything else looks like a treebank.
  if (numbers.length === 1 && !hasComments && width < 10) return usualColumns;
  const tagged = Array.from({ length: width }, (_, column) => column).filter(
    (column) => column > 1 && lines.every((cells) => parseTag(cells[column] ?? '') !== null),
  );
  return { word: 1, tag: tagged.at(-1) ?? null, numbered: true };
}

/** `3-4`, a word that is written as one and counted as two, or `8.1`, one that is not written. */
export function isAside(number: string): boolean {
  return /^\d+[-.]\d+$/u.test(number);
}

/** The notice for columns other than the first and the last. */
export function describeColumns({ word, tag }: Columns): string {
  const tags = tag === null ? 'no column has tags such as B-PER' : `their tags from column ${Number(tag) + 1}`;
  return `its first column numbers the words; they are read from column ${word + 1}, ${tags}`;
}
