import { ownFields } from '../record.js';
import { taskTypes } from '../task-types/index.js';
import type { Prediction } from '../types.js';
import type { FormatOptions } from './types.js';

/**
 * The row's fields that are to come along. One that has the name of a field of ours gets `input_` before it,
 * also in records that lack ours, so that a gold label never looks like a prediction. Only the id and the main input are
 * left out where ours say the same: a gold label that is missing where it is right could not be counted.
 */
export function passedThrough(
  { record }: Prediction,
  ours: Readonly<Record<string, unknown>>,
  { passThrough, taskType, cascade }: FormatOptions,
): Record<string, unknown> {
  if (!passThrough) return {};
  const { names: results, inputName: echoed } = taskTypes[taskType].results;
  const own = [...Object.keys(ours), ...results, ...modelColumn({ cascade }), 'error', 'explanation'];
  const names = Object.keys(record.fields);
  const isSaid = (name: string, value: unknown) => (name === 'id' || name === echoed) && ours[name] === value;
  const theirs = ownFields(record).filter(([name, value]) => !isSaid(name, value));
  return Object.fromEntries(theirs.map(([name, value]) => [inputName(name, own, names), value]));
}

/** The column, or field, of a cascade for the model that answered. */
export function modelColumn({ cascade }: { readonly cascade?: boolean | undefined }): readonly string[] {
  return cascade === true ? ['model'] : [];
}

/** The name under which a field of the input is passed through: one that neither we nor another field has. */
export function inputName(name: string, own: readonly string[], theirs: readonly string[]): string {
  if (!own.includes(name)) return name;
  let free = `input_${name}`;
  while (own.includes(free) || theirs.includes(free)) free = `input_${free}`;
  return free;
}
