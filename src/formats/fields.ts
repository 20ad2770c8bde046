import { type OffsetUnit, offsetsFromUtf16 } from '../spans.js';
import type { AnswerOutput, Prediction, Span, TaskType } from '../types.js';
import type { FormatOptions } from './types.js';

/** A probability with six decimals, so that noise in the last bits does not show up as a difference. */
export function rounded(score: number): number {
  return Number(score.toFixed(6));
}

/** A function that gives spans of `text` in the unit that was asked for. */
export function spansOf(text: string, unit: OffsetUnit): (span: Span) => { start: number; end: number } {
  const convert = offsetsFromUtf16(text, unit);
  return ({ start, end }) => ({ start: convert(start), end: convert(end) });
}

/** Where an answer stands, for all formats; null when there is none. */
export function evidenceOf({ evidence }: AnswerOutput, unit: OffsetUnit) {
  if (evidence === undefined) return null;
  const { source, line, sentence } = evidence;
  return { ...spansOf(evidence.text, unit)(evidence.span), source, line, sentence };
}

/** Names of what we found out, whether or not a record has it. */
export const ownNames: Readonly<Record<TaskType, readonly string[]>> = {
  classify: ['label', 'labels', 'abstained', 'score', 'scores'],
  extract: ['entities'],
  answer: ['answer', 'start', 'end', 'source', 'line', 'sentence', 'score', 'reason'],
  generate: ['output'],
};

/**
 * The row's fields that are to come along. One that has the name of a field of ours gets `input_` before it,
 * also in records that lack ours, so that a gold label never looks like a prediction; where both are the same
 * it is left out.
 */
export function passedThrough(
  { record }: Prediction,
  ours: Readonly<Record<string, unknown>>,
  { passThrough, taskType }: FormatOptions,
): Record<string, unknown> {
  if (!passThrough) return {};
  const own = [...Object.keys(ours), ...ownNames[taskType], 'error', 'explanation'];
  const names = Object.keys(record.fields);
  const theirs = Object.entries(record.fields).filter(
    ([name, value]) => name !== record.added && (!own.includes(name) || ours[name] !== value),
  );
  return Object.fromEntries(theirs.map(([name, value]) => [inputName(name, own, names), value]));
}

/** The name under which a field of the input is passed through: one that neither we nor another field has. */
export function inputName(name: string, own: readonly string[], theirs: readonly string[]): string {
  if (!own.includes(name)) return name;
  let free = `input_${name}`;
  while (own.includes(free) || theirs.includes(free)) free = `input_${free}`;
  return free;
}
