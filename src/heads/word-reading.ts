import type { Prompt, Span, Token, Tokenizer } from '../types.js';

/** The number of times that the model reads a text. In a second reading, early words can attend to late ones. */
export const readings = ['once', 'twice'] as const;
export type Reading = (typeof readings)[number];

/** A prompt, and for each word the position in its input after which the word is over. */
export interface WordReading {
  readonly prompt: Prompt;
  readonly positions: readonly number[];
}

/**
 * The text as the model reads it: nothing before it but what every prompt begins with, so that what is seen of a
 * word depends on this text alone. Characters that would act or break a line become blanks of the same length.
 */
export function readWords(engine: Tokenizer, text: string, words: readonly Span[], reading: Reading): WordReading {
  const shown = ` ${plain(text)}`;
  const tokens = engine.tokenize(shown);
  const lineBreak = engine.tokenize('\n');
  const lasts = lastTokens(tokenEnds(engine, tokens, shown), words);
  const prefix = [engine.bos.length > 0 ? engine.bos : lineBreak];
  if (reading === 'once') return { prompt: { prefix, input: tokens }, positions: lasts };
  const offset = tokens.length + lineBreak.length;
  return {
    prompt: { prefix, input: [...tokens, ...lineBreak, ...tokens] },
    positions: lasts.map((position) => position + offset),
  };
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/gu, ' ');
}

/** Where each token ends in the text, UTF-16. A token that is part of a character ends where the character begins. */
function tokenEnds(engine: Pick<Tokenizer, 'detokenize'>, tokens: readonly Token[], text: string): number[] {
  const pieces = tokens.map((token) => engine.detokenize([token]));
  if (pieces.join('') === text) {
    let end = 0;
    return pieces.map((piece) => {
      end += piece.length;
      return end;
    });
  }
  // Some characters are spread over several tokens: what a beginning of the tokens spells, as far as it is whole.
  return tokens.map((_, i) => engine.detokenize(tokens.slice(0, i + 1)).replace(/\uFFFD+$/u, '').length);
}

/** The token with which each word is over; words are offsets of the text without the space before it. */
function lastTokens(ends: readonly number[], words: readonly Span[]): number[] {
  let at = 0;
  return words.map((word) => {
    while (at < ends.length - 1 && (ends[at] as number) < word.end + 1) at++;
    return at;
  });
}
