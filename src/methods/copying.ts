import type { Span, Token, Tokenizer } from '../types.js';

/** A word of a source text with its tokens, as they follow a space or the word before. */
export interface SourceWord extends Span {
  readonly tokens: readonly Token[];
  /** Its tokens where a copy begins with it. */
  readonly opening: readonly Token[];
  /** Copies do not run from one group into the next. */
  readonly group: number;
  /** Whether a copy may begin, and end, with it: no full stop, no lone bracket. */
  readonly opens: boolean;
  readonly closes: boolean;
  /** Whether a word that closes stands at it or after it, in its group: else a copy would end nowhere. */
  readonly leads: boolean;
}

/** A place at which a copy can stand: so many tokens of a word done, in a copy that began at word `first`. */
export interface CopyState {
  readonly first: number;
  readonly word: number;
  readonly done: number;
}

/**
 * Tokenises the words one by one, so that every token knows its offsets. A word takes its space along.
 * @param lead what stands before the first word of a copy: a space after a completion prompt, nothing in a chat turn
 */
export function sourceWords(
  engine: Pick<Tokenizer, 'tokenize'>,
  text: string,
  spans: readonly (Span & { group?: number })[],
  lead: '' | ' ' = ' ',
): SourceWord[] {
  const words = spans.map((span, index) => {
    const attached = index > 0 && span.start > 0 && !/\s/u.test(text.charAt(span.start - 1));
    const word = text.slice(span.start, span.end);
    const tokens = engine.tokenize(attached ? word : ` ${word}`);
    return {
      start: span.start,
      end: span.end,
      group: span.group ?? 0,
      opens: /[^\p{P}]/u.test(word),
      closes: /[^\p{P}]|[%‰)]/u.test(word),
      tokens,
      opening: attached || lead === ' ' ? tokens : engine.tokenize(word),
    };
  });
  const lastCloser = new Map<number, number>();
  for (const [index, { group, closes }] of words.entries()) if (closes) lastCloser.set(group, index);
  return words.map((word, index) => ({ ...word, leads: index <= (lastCloser.get(word.group) ?? -1) }));
}

/** Where a copy can begin: at any word that is more than punctuation. */
export function beginnings(words: readonly SourceWord[]): CopyState[] {
  return words.flatMap((word, index) => (word.opens && word.leads ? [{ first: index, word: index, done: 0 }] : []));
}

/** The tokens that continue any of the states. */
export function continuations(words: readonly SourceWord[], states: readonly CopyState[]): Token[] {
  const tokens = new Set<Token>();
  for (const state of states) {
    const next = nextToken(words, state);
    if (next !== null) tokens.add(next.token);
  }
  return [...tokens];
}

/** The states after `token`; empty when the source does not go on so. */
export function advance(words: readonly SourceWord[], states: readonly CopyState[], token: Token): CopyState[] {
  return states.flatMap((state) => {
    const next = nextToken(words, state);
    return next !== null && next.token === token ? [next.state] : [];
  });
}

/** The states after all of `tokens`; none before the first. */
export function follow(words: readonly SourceWord[], tokens: readonly Token[]): CopyState[] {
  let states = beginnings(words);
  for (const token of tokens) states = advance(words, states, token);
  return tokens.length === 0 ? [] : states;
}

/** The states that stand at the end of a word: what was copied is whole words. */
export function complete(words: readonly SourceWord[], states: readonly CopyState[]): CopyState[] {
  return states.filter((state) => {
    const word = words[state.word] as SourceWord;
    return word.closes && state.done > 0 && state.done === tokensIn(words, state).length;
  });
}

/** The copied text of a complete state. */
export function copiedSpan(words: readonly SourceWord[], state: CopyState): Span {
  return { start: (words[state.first] as SourceWord).start, end: (words[state.word] as SourceWord).end };
}

function nextToken(words: readonly SourceWord[], state: CopyState): { token: Token; state: CopyState } | null {
  const word = words[state.word] as SourceWord;
  const token = tokensIn(words, state)[state.done];
  if (token !== undefined) return { token, state: { ...state, done: state.done + 1 } };
  const following = words[state.word + 1];
  const first = following?.tokens[0];
  if (following === undefined || first === undefined || following.group !== word.group || !following.leads) return null;
  return { token: first, state: { first: state.first, word: state.word + 1, done: 1 } };
}

/** The tokens of the word that a state stands in. */
function tokensIn(words: readonly SourceWord[], { first, word }: CopyState): readonly Token[] {
  const { tokens, opening } = words[word] as SourceWord;
  return first === word ? opening : tokens;
}
