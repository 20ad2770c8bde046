import { messageOf } from './errors.js';
import { withPlainNumbers } from './json.js';
import { isBadRow, noField, recordOf } from './record.js';
import { wordProblem } from './segment.js';
import { taskTypes } from './task-types/index.js';
import type { GoldContext } from './task-types/types.js';
import type { Example, InputRecord, Origin, Row, TaskType } from './types.js';

export interface ExampleContext extends GoldContext {
  readonly type: TaskType;
  readonly input: string;
  /** Field of the main input, and of the label, where they have other names. */
  readonly field: string | null;
  readonly labelField: string | null;
  /** Name of the field of the label in the task itself; tried before the usual names. */
  readonly ownLabelField: string | null;
}

/** A row that is no example, and why, as `file:line: …` says it best. */
export interface BadExample {
  readonly origin: Origin;
  readonly error: string;
}

/** A row as a labelled example of a task; one without gold, or with gold that its text contradicts, as an error. */
export function exampleOf(row: Row, index: number, context: ExampleContext): Example | BadExample {
  const { option } = context.wording;
  const hint = `Name the field of the input with ${option('field')}`;
  const record = recordOf(row, index, context.input, context.field, hint);
  if (isBadRow(record)) return { origin: row.origin, error: record.error };
  const tooLong = wordProblem(record.text);
  if (tooLong !== null) return { origin: row.origin, error: tooLong };
  // As the row has them: the main input may cover the field of the label.
  const labelField = labelFieldOf(row.fields, context);
  if (labelField !== null && !Object.hasOwn(row.fields, labelField)) {
    const error = noField(
      labelField,
      Object.keys(record.fields),
      `Name the field of the label with ${option('labelField')}`,
    );
    return { origin: row.origin, error };
  }
  const named = labelField === null ? row.fields : goldNamed(row.fields, labelField, context.type);
  const fields = withPlainOffsets(named, context.type);
  try {
    const gold = taskTypes[context.type].readGold(fields, record.text, context);
    if (gold === null) return { origin: row.origin, error: missingGold(context, Object.keys(record.fields)) };
    const tags = Array.isArray(fields.tags) ? fields.tags.map(String) : [];
    return { record: withoutGold(record, context.type, labelField), gold, ...(tags.length > 0 ? { tags } : {}) };
  } catch (error) {
    return { origin: row.origin, error: `example "${record.id}": ${messageOf(error)}.` };
  }
}

/** The field of the right answer, where it has another name than the task type gives it. */
function labelFieldOf(fields: InputRecord['fields'], { labelField, ownLabelField }: ExampleContext): string | null {
  if (labelField !== null) return labelField;
  return ownLabelField !== null && Object.hasOwn(fields, ownLabelField) ? ownLabelField : null;
}

/** The fields with the right answer, and no other, under the name that the task type has for it. */
function goldNamed(fields: InputRecord['fields'], labelField: string, type: TaskType): InputRecord['fields'] {
  const { goldFields } = taskTypes[type];
  const others = Object.entries(fields).filter(([name]) => !goldFields.includes(name));
  return { ...Object.fromEntries(others), [goldFields[0] as string]: fields[labelField] };
}

/** Offsets become JavaScript's own numbers; every other number keeps its digits. */
function withPlainOffsets(fields: InputRecord['fields'], type: TaskType): InputRecord['fields'] {
  const numbered = taskTypes[type].goldFields.filter((name) => Array.isArray(fields[name]));
  if (numbered.length === 0) return fields;
  return { ...fields, ...Object.fromEntries(numbered.map((name) => [name, withPlainNumbers(fields[name])])) };
}

/** The record as a method gets it in `run`, where nobody knows the answer. */
function withoutGold(record: InputRecord, type: TaskType, labelField: string | null): InputRecord {
  const { goldFields } = taskTypes[type];
  // Where the main input covers the field of the label, that is what stands there.
  const isGold = (name: string) =>
    name !== record.covered?.name && (name === 'tags' || name === labelField || goldFields.includes(name));
  const kept = Object.keys(record.fields).filter((name) => !isGold(name));
  const { covered: _, ...bare } = record;
  // Assignment is several times faster than Object.fromEntries, and wrong for this one name.
  if (kept.includes('__proto__')) {
    return { ...bare, fields: Object.fromEntries(kept.map((name) => [name, record.fields[name]])) };
  }
  const fields: Record<string, unknown> = {};
  for (const name of kept) fields[name] = record.fields[name];
  return { ...bare, fields };
}

/** The rows of labelled data, a record each. */
export function goldRows(type: TaskType, rows: AsyncIterable<Row>): AsyncIterable<Row> {
  return taskTypes[type].joinRows?.(rows) ?? rows;
}

export function isBadExample(example: Example | BadExample): example is BadExample {
  return 'error' in example;
}

function missingGold({ type, wording }: ExampleContext, names: readonly string[]): string {
  return `no ${taskTypes[type].missingGold}; it has ${names.map((name) => `"${name}"`).join(', ')}. Where the right answer has another name, give it with ${wording.option('labelField')}`;
}
