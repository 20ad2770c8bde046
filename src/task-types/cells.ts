import { type OffsetUnit, offsetsFromUtf16 } from '../spans.js';
import type { InputRecord, Span } from '../types.js';

/** A value of a line for other programs. */
export type Cell = string | number;

/** A probability with six decimals, so that noise in the last bits does not show up as a difference. */
export function rounded(score: number): number {
  return Number(score.toFixed(6));
}

/** A probability with four decimals, as a cell; empty where there is none. */
export function decimals(score: number | undefined): string {
  return score === undefined ? '' : score.toFixed(4);
}

/** A function that gives spans of `text` in the unit that was asked for. */
export function spansOf(text: string, unit: OffsetUnit): (span: Span) => { start: number; end: number } {
  const convert = offsetsFromUtf16(text, unit);
  return ({ start, end }) => ({ start: convert(start), end: convert(end) });
}

/** A record in a line: its text, or the file name where the record is a whole file. */
export function shortText({ id, origin, text }: InputRecord): string {
  return origin.line === null ? id : text;
}
