import { suggestion } from './errors.js';
import { isExactNumber, own, textOf } from './json.js';
import type { InputRecord, Origin, Prediction, Row } from './types.js';

/** A row that cannot become a record, and why. */
export interface BadRow {
  readonly row: Row;
  readonly index: number;
  readonly id: string;
  readonly error: string;
  /** The field that the row does not have; null where something else is wrong with it. */
  readonly missing: string | null;
}

/** Says how another field is named. */
const namedByFlag = 'Name the field of the input with --field';

/**
 * The record of a row. Its main input is the field `field` if given, else the profile's own, else `text`.
 * @param index 0-based position in the input
 * @param hint how another field is named
 */
export function recordOf(
  row: Row,
  index: number,
  input: string,
  field: string | null,
  hint = namedByFlag,
): InputRecord | BadRow {
  const { fields, origin } = row;
  const id = identify(row);
  if (row.error !== undefined) return { row, index, id, error: row.error, missing: null };
  const name = field ?? (Object.hasOwn(fields, input) ? input : 'text');
  const value = own(fields, name);
  // Programs may give what JSON does not have.
  const isNothing = value === null || (value === undefined && Object.hasOwn(fields, name)) || Number.isNaN(value);
  if (isNothing) return { row, index, id, error: `the field "${name}" is ${value}; expected a text`, missing: null };
  if (value === undefined) return { row, index, id, error: noField(name, Object.keys(fields), hint), missing: name };
  const text = textOf(value);
  if (field === null && name !== input) {
    // A line, or a text of the command line: it is called what the task calls it.
    const { text: _bare, ...others } = fields;
    return { index, id, text, fields: { ...others, [input]: text }, added: null, origin };
  }
  return {
    index,
    id,
    text,
    fields: { ...fields, [input]: text },
    added: Object.hasOwn(fields, input) ? null : input,
    ...(name !== input && Object.hasOwn(fields, input) ? { covered: { name: input, value: fields[input] } } : {}),
    origin,
  };
}

/** The fields as the row has them, to come along with the result: nothing is added, and nothing covered. */
export function ownFields({ fields, added, covered }: InputRecord): [name: string, value: unknown][] {
  const own = Object.entries(fields).filter(([name]) => name !== added);
  return own.map(([name, value]) => [name, name === covered?.name ? covered.value : value]);
}

/** Error text for a row that lacks a field. */
export function noField(name: string, names: readonly string[], hint: string): string {
  const [only] = names;
  if (only === undefined) return `no field "${name}"; it has no fields`;
  const more = names.length > 12 ? ', …' : '';
  const has = `no field "${name}"; it has ${names
    .slice(0, 12)
    .map((known) => `"${known}"`)
    .join(', ')}${more}`;
  if (names.length === 1 && /[,;|\t]/u.test(only))
    return `${has}. That looks like several: name what separates them with --input-format csv --delimiter`;
  return `${has}.${suggestion(name, names) || ` ${hint}`}`;
}

export function isBadRow(record: InputRecord | BadRow): record is BadRow {
  return 'error' in record;
}

/** The result for a row that cannot be read. */
export function predictionOfBadRow({ row, index, id, error }: BadRow): Prediction {
  const record = { index, id, text: '', fields: row.fields, added: null, origin: row.origin };
  return { record, error, ms: 0 };
}

/** The row's own id, else where it stands: `file:line`, the line alone for standard input, the file for a whole one. */
function identify({ fields, origin }: Row): string {
  const { id } = fields;
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'number' || isExactNumber(id)) return String(id);
  return idByPlace(origin);
}

/** The id of a row that has none of its own, or cannot be read. */
export function idByPlace(origin: Origin): string {
  return origin.file === '-' && origin.line !== null ? String(origin.line) : placeOf(origin);
}

/**
 * Returns whether a record's field `id` says something else than its id, as an object or `true` does, which identify no
 * record: results have the field beside the id then.
 */
export function hasOtherId(id: string, fields: Row['fields']): boolean {
  const given = own(fields, 'id');
  return given !== undefined && given !== null && given !== '' && textOf(given) !== id;
}

/** `file:line`, for messages; the file alone when the row is all of it. */
export function placeOf({ file, line }: Origin): string {
  return line === null ? file : `${file}:${line}`;
}
