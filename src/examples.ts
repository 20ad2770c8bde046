import { messageOf } from './errors.js';
import { withPlainNumbers } from './json.js';
import { isBadRow, recordOf } from './record.js';
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
}

/** A row that is no example, and why, as `file:line: …` says it best. */
export interface BadExample {
  readonly origin: Origin;
  readonly error: string;
}

/** A row as a labelled example of a task; one without gold, or with gold that its text contradicts, as an error. */
export function exampleOf(row: Row, index: number, context: ExampleContext): Example | BadExample {
  const record = recordOf(row, index, context.input, context.field);
  if (isBadRow(record)) return { origin: row.origin, error: record.error };
  const tooLong = wordProblem(record.text);
  if (tooLong !== null) return { origin: row.origin, error: tooLong };
  const { labelField } = context;
  const named = labelField === null ? record.fields : { ...record.fields, label: record.fields[labelField] };
  const numbered = taskTypes[context.type].goldFields.filter((name) => Array.isArray(named[name]));
  // Offsets are counted with; everything else keeps its digits.
  const fields = { ...named, ...Object.fromEntries(numbered.map((name) => [name, withPlainNumbers(named[name])])) };
  try {
    const gold = taskTypes[context.type].readGold(fields, record.text, context);
    if (gold === null) return { origin: row.origin, error: missingGold(context, Object.keys(record.fields)) };
    const tags = Array.isArray(fields.tags) ? fields.tags.map(String) : [];
    return { record: withoutGold(record, context), gold, ...(tags.length > 0 ? { tags } : {}) };
  } catch (error) {
    return { origin: row.origin, error: `example "${record.id}": ${messageOf(error)}.` };
  }
}

/** What a method gets is what it would get in `run`, where nobody knows the answer. */
function withoutGold(record: InputRecord, { type, labelField }: ExampleContext): InputRecord {
  const gold = new Set([...taskTypes[type].goldFields, 'tags', ...(labelField === null ? [] : [labelField])]);
  return { ...record, fields: Object.fromEntries(Object.entries(record.fields).filter(([name]) => !gold.has(name))) };
}

/** The rows of labelled data, a record each. */
export function goldRows(type: TaskType, rows: AsyncIterable<Row>): AsyncIterable<Row> {
  return taskTypes[type].joinRows?.(rows) ?? rows;
}

export function isBadExample(example: Example | BadExample): example is BadExample {
  return 'error' in example;
}

function missingGold({ type }: ExampleContext, names: readonly string[]): string {
  const { field, hint } = taskTypes[type].missingGold;
  return `no ${field}; it has ${names.join(', ')}. ${hint}`;
}
