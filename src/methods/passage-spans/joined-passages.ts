import { elisionLength } from '../../scripts.js';
import { words as wordsOf } from '../../segment.js';
import type { Span } from '../../types.js';
import type { Passage } from '../passages.js';

/** The passages as one text of words, and the way back from its offsets to a passage. */
export function joinPassages(passages: readonly Passage[]) {
  let text = '';
  let group = 0;
  const words: (Span & { group: number })[] = [];
  const starts: number[] = [];
  for (const passage of passages) {
    text += ' ';
    const start = text.length;
    starts.push(start);
    group++;
    for (const word of wordsOf(passage.text)) {
      // An answer stands in one cell of a table.
      if (passage.text.slice(word.start, word.end) === '|') group++;
      else
        for (const part of withoutElision(passage.text, word))
          words.push({ start: start + part.start, end: start + part.end, group });
    }
    text += passage.text;
  }
  const locate = (span: Span) => {
    const at = starts.findLastIndex((start) => start <= span.start);
    const passage = passages[at] as Passage;
    const offset = passage.start - (starts[at] as number);
    return { passage, ...trimPunctuation(text, span, offset) };
  };
  return { text, words, locate };
}

/** `l'abbaye` as two words: an answer may be `abbaye` alone. */
export function withoutElision(text: string, { start, end }: Span): Span[] {
  const length = elisionLength(text.slice(start, end));
  if (length === 0) return [{ start, end }];
  return [
    { start, end: start + length },
    { start: start + length, end },
  ];
}

/** Answers do not end in the sentence's full stop. */
function trimPunctuation(text: string, span: Span, offset: number): Span & { text: string } {
  let { start, end } = span;
  while (
    end - start > 1 &&
    /[\s.,;:!?。，、；：！？．]/u.test(text.charAt(end - 1)) &&
    !/\b\p{Lu}\.$/u.test(text.slice(start, end))
  )
    end--;
  while (end - start > 1 && /[\s,;:，、；：¿¡]/u.test(text.charAt(start))) start++;
  return { start: start + offset, end: end + offset, text: text.slice(start, end) };
}

export type JoinedPassages = ReturnType<typeof joinPassages>;
