import type { Span } from './types.js';

/** How offsets are counted where they leave or enter the program. */
export type OffsetUnit = 'codepoint' | 'utf16' | 'byte';

/** UTF-8 length of the code point that starts at `index`. */
function byteLength(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/**
 * A function that converts UTF-16 offsets of `text` into `unit`. An offset inside a surrogate pair counts as
 * the position before the pair. One pass over the text at first use, then O(log n) an offset.
 */
export function offsetsFromUtf16(text: string, unit: OffsetUnit): (offset: number) => number {
  if (unit === 'utf16') return (offset) => offset;
  const table = checkpoints(text, unit);
  return (offset) => {
    const clamped = Math.max(0, Math.min(offset, text.length));
    const block = Math.floor(clamped / blockSize);
    let at = table.utf16[block] ?? 0;
    let count = table.unit[block] ?? 0;
    for (;;) {
      const codePoint = text.codePointAt(at);
      if (codePoint === undefined) return count;
      const width = codePoint > 0xffff ? 2 : 1;
      if (at + width > clamped) return count;
      at += width;
      count += unit === 'byte' ? byteLength(codePoint) : 1;
    }
  };
}

/** How long a text is in this unit. */
export function lengthIn(text: string, unit: OffsetUnit): number {
  if (unit === 'utf16') return text.length;
  let length = 0;
  for (const character of text) length += unit === 'byte' ? byteLength(character.codePointAt(0) as number) : 1;
  return length;
}

/** The inverse of `offsetsFromUtf16`; offsets beyond the text give its length. */
export function offsetsToUtf16(text: string, unit: OffsetUnit): (offset: number) => number {
  if (unit === 'utf16') return (offset) => offset;
  const table = checkpoints(text, unit);
  return (offset) => {
    let block = upperBound(table.unit, offset) - 1;
    if (block < 0) block = 0;
    let at = table.utf16[block] ?? 0;
    let count = table.unit[block] ?? 0;
    while (count < offset) {
      const codePoint = text.codePointAt(at);
      if (codePoint === undefined) return text.length;
      at += codePoint > 0xffff ? 2 : 1;
      count += unit === 'byte' ? byteLength(codePoint) : 1;
    }
    return at;
  };
}

const blockSize = 256;

/** Unit counts at every `blockSize` code units, so that long documents convert quickly. */
function checkpoints(text: string, unit: OffsetUnit): { utf16: number[]; unit: number[] } {
  const utf16 = [0];
  const units = [0];
  let count = 0;
  let next = blockSize;
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at) as number;
    const width = codePoint > 0xffff ? 2 : 1;
    // A pair that straddles the border belongs to the block after it.
    if (at + width > next) {
      utf16.push(at);
      units.push(count);
      next += blockSize;
    }
    at += width;
    count += unit === 'byte' ? byteLength(codePoint) : 1;
    if (at === next) {
      utf16.push(at);
      units.push(count);
      next += blockSize;
    }
  }
  return { utf16, unit: units };
}

/** Index of the first value greater than `x` in a sorted list. */
function upperBound(values: readonly number[], x: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function overlaps(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

/** The span without white space at its ends; null when nothing is left. */
export function trimSpan(text: string, span: Span): Span | null {
  return trimmed(text, span, /\s/u);
}

/**
 * White space and what nobody sees: control characters such as NUL, zero-width spaces and joiners, marks of the writing
 * direction, soft hyphens. Variation selectors are none of them: they belong to the character before.
 */
const unseen = /[\s\p{Cc}]|(?=\p{Default_Ignorable_Code_Point})\p{Cf}/u;

/** The span without white space and unseen characters at its ends; null when nothing is left. */
export function trimUnseen(text: string, span: Span): Span | null {
  return trimmed(text, span, unseen);
}

function trimmed(text: string, span: Span, what: RegExp): Span | null {
  let { start, end } = span;
  while (start < end && what.test(text.charAt(start))) start++;
  while (end > start && what.test(text.charAt(end - 1))) end--;
  return start < end ? { start, end } : null;
}

/** Every place where `quote` stands in `text`, left to right, without overlaps. */
export function occurrences(text: string, quote: string): Span[] {
  const found: Span[] = [];
  if (quote === '') return found;
  for (let at = text.indexOf(quote); at !== -1; at = text.indexOf(quote, at + quote.length)) {
    found.push({ start: at, end: at + quote.length });
  }
  return found;
}

/** The same for entities that count as the same: span and label, nothing else. */
export function entityKey({ start, end, label }: Span & { readonly label: string }): string {
  return `${start} ${end} ${label}`;
}
