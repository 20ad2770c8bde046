import { isExactNumber, stringifyJson } from '../json.js';
import { taskTypes } from '../task-types/index.js';
import { harmlessJson } from '../terminal-text.js';
import type { InputRecord, Prediction } from '../types.js';
import { passedThrough } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

/**
 * JSON Lines: an object a record, with the input's own fields first. What acts on a terminal is escaped in its strings,
 * which keeps their values.
 */
export const jsonl: Writer = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson'],
  hasHeader: false,
  start: () => '',
  prediction(prediction, options) {
    const { explanation } = prediction;
    const ours = { ...result(prediction, options), ...(explanation === undefined ? {} : { explanation }) };
    return `${harmlessJson(stringifyJson({ ...passedThrough(prediction, ours, options), ...ours }))}\n`;
  },
  end: () => '',
};

function result({ record, output, error }: Prediction, options: FormatOptions): Record<string, unknown> {
  const id = idAsGiven(record);
  if (output === undefined) return { id, error: error ?? 'no output' };
  const { model } = output;
  const answered = taskTypes[options.taskType].results.object(output, record, options);
  return { id, ...answered, ...(model === undefined ? {} : { model }) };
}

/** The id as the input has it: a number stays a number, so that results can be joined with their records. */
function idAsGiven({ id, fields }: InputRecord): unknown {
  return (typeof fields.id === 'number' || isExactNumber(fields.id)) && String(fields.id) === id ? fields.id : id;
}
