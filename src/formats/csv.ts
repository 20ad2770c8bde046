import { own, textOf } from '../json.js';
import { lazy } from '../lazy.js';
import { hasOtherId, ownFields } from '../record.js';
import { taskTypes } from '../task-types/index.js';
import type { Prediction } from '../types.js';
import { inputName, modelColumn } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

const csvStringify = lazy<typeof import('csv-stringify/sync')>('csv-stringify/sync');

/**
 * Comma-separated values (RFC 4180 with LF) with a header line: the fields that are passed through, then the
 * columns that the task type has for its results and in a cascade the model that answered. `id` comes first of ours,
 * `error` last.
 */
export const csv: Writer = {
  name: 'csv',
  extensions: ['csv'],
  hasHeader: true,
  start: (options) => line([...passedNames(options).values(), ...columns(options)]),
  prediction(prediction, options) {
    const { id, fields } = prediction.record;
    const theirs = Object.fromEntries(ownFields(prediction.record));
    const isSaid = (name: string) => name === 'id' && !hasOtherId(id, fields);
    const passed = [...passedNames(options).keys()].map((name) => (isSaid(name) ? undefined : own(theirs, name)));
    const names = columns(options);
    return rows(prediction, options)
      .map((row) => line([...passed, ...names.map((name) => own(row, name))]))
      .join('');
  },
  end: () => '',
};

/**
 * Names of the fields that are passed through, each with its name in the header. The main input is there anyway where a
 * column of ours has it under the same name.
 */
function passedNames(options: FormatOptions): Map<string, string> {
  if (!options.passThrough) return new Map();
  const { names, inputName: inputColumn } = taskTypes[options.taskType].results;
  const ours = [...columns(options), ...names];
  const isThere = (name: string) => name === options.input && name === inputColumn;
  return new Map(
    options.fieldNames
      .filter((name) => !isThere(name))
      .map((name) => [name, inputName(name, ours, options.fieldNames)]),
  );
}

function columns(options: FormatOptions): string[] {
  return ['id', ...taskTypes[options.taskType].results.columns(options), ...modelColumn(options), 'error'];
}

/** The rows of a record: values by column; a column that is missing is empty. */
function rows({ record, output, error }: Prediction, options: FormatOptions): Record<string, unknown>[] {
  const { results } = taskTypes[options.taskType];
  const common = { id: record.id, ...(results.inputName === null ? {} : { [results.inputName]: record.text }) };
  if (output === undefined) return [{ ...common, error: error ?? 'no output' }];
  const by = options.cascade === true ? { model: output.model } : {};
  return results.rows(output, record, options).map((row) => ({ ...common, ...row, ...by }));
}

function line(cells: readonly unknown[]): string {
  return csvStringify().stringify([cells.map(cellText)], { quoted_match: /[\r\n]/ });
}

function cellText(value: unknown): string {
  return value === undefined || value === null ? '' : textOf(value);
}
