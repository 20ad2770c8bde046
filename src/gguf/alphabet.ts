import { byteCharacters, type Vocabulary } from './vocabulary.js';

/**
 * Alphabets by name, as the inside of a character class.
 * `latin`: printable ASCII, tab and line ends; letters and signs of Latin-1 and Latin Extended-A, ș and ț: the
 * languages of western and central Europe and Turkish; the rest of Windows-1252; dashes, quotes, bullets, primes,
 * narrow spaces and the minus sign. Not in it: other scripts, emoji, arrows, mathematics, zero-width characters.
 */
const alphabets = {
  latin:
    '\\t\\n\\r\\x20-\\x7e\\xa0-\\u017f\\u0192\\u0218-\\u021b\\u02c6\\u02dc\\u2009\\u2010-\\u2027\\u202f\\u2030\\u2032\\u2033\\u2039\\u203a\\u2044\\u20ac\\u2122\\u2212',
} as const;

export type AlphabetName = keyof typeof alphabets;

export const alphabetNames = Object.keys(alphabets) as AlphabetName[];

const foreign = Object.fromEntries(
  alphabetNames.map((name) => [name, new RegExp(`[^${alphabets[name]}]`, 'u')]),
) as Record<AlphabetName, RegExp>;

/** Returns whether every character of `text` is in the alphabet (1 ms for a million). A lone surrogate never is. */
export function writtenWith(alphabet: AlphabetName, text: string): boolean {
  return !foreign[alphabet].test(text);
}

/** The tokens that remain of a vocabulary. */
export interface VocabularyCut {
  /** Old ids, ascending. */
  readonly tokens: readonly number[];
  /** Indices of the merges that remain, ascending. */
  readonly merges: readonly number[];
}

/**
 * The tokens that a text written with the alphabet can lead to; the tokenisation of every such text is exactly
 * that of the whole vocabulary.
 *
 * Proof. llama.cpp first cuts the text at user-defined (and, where asked for, control) tokens, which all remain in
 * their order. A piece between them (SPM: with ▁ for each space; BPE: cut into words by the text alone, its bytes
 * written as characters) is split into single characters, and neighbours are joined until nothing more joins. A
 * symbol is at every moment a substring of the piece, so it is spelled with the characters of the piece, all of
 * which are in `spelling`. The vocabulary is asked only: is this symbol a token, with which score (SPM), at which
 * rank do these two join (BPE). The answers are the same as before, since what was dropped has a character outside
 * of `spelling` and so is no such symbol, and the order of scores and ranks among what remains is unchanged. What
 * is no token in the end is written as bytes; byte tokens all remain. ∎
 *
 * A merge therefore remains by its spelling, whether or not its result is a token.
 */
export function cutVocabulary(vocabulary: Vocabulary, alphabet: AlphabetName): VocabularyCut {
  const strange = foreignSpelling(vocabulary.kind, alphabet);
  const roles = new Set(vocabulary.roles.map(({ id }) => id));
  const tokens: number[] = [];
  vocabulary.tokens.forEach((token, id) => {
    const single = vocabulary.kind === 'bpe' && token.length === 1;
    if (single || !vocabulary.ordinary(id) || roles.has(id) || !strange.test(token)) tokens.push(id);
  });
  const merges: number[] = [];
  vocabulary.merges.forEach((merge, rank) => {
    if (!strange.test(merge.replace(' ', ''))) merges.push(rank);
  });
  return { tokens, merges };
}

/** Matches a character that is never part of a symbol of a text written with the alphabet. */
function foreignSpelling(kind: Vocabulary['kind'], alphabet: AlphabetName): RegExp {
  if (kind === 'spm') return new RegExp(`[^▁${alphabets[alphabet]}]`, 'u');
  const encoder = new TextEncoder();
  const bytes = new Set<number>();
  for (let code = 0; code < 0xd800; code++) {
    const character = String.fromCharCode(code);
    if (writtenWith(alphabet, character)) for (const byte of encoder.encode(character)) bytes.add(byte);
  }
  const spelled = [...bytes].map((byte) => `\\u{${byteCharacters[byte]?.codePointAt(0)?.toString(16)}}`);
  return new RegExp(`[^${spelled.join('')}]`, 'u');
}
