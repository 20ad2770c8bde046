import { parseJson, textOf } from '../json.js';
import { lazy } from '../lazy.js';
import { labelCell } from '../task-types/label-cell.js';
import type { Prediction } from '../types.js';
import { evidenceOf, inputName, ownNames, rounded, spansOf } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

const csvStringify = lazy<typeof import('csv-stringify/sync')>('csv-stringify/sync');

/**
 * Comma-separated values (RFC 4180 with LF) with a header line: the fields that are passed through, then the
 * same fields as in jsonl, flat: a column a score, a column a property of a schema, a row an entity. `error` comes last.
 */
export const csv: Writer = {
  name: 'csv',
  extensions: ['csv'],
  hasHeader: true,
  start: (options) => line([...passedNames(options).values(), ...columns(options)]),
  prediction(prediction, options) {
    const { fields, added } = prediction.record;
    const passed = [...passedNames(options).keys()].map((name) => (name === added ? undefined : fields[name]));
    const names = columns(options);
    return results(prediction, options)
      .map((result) => line([...passed, ...names.map((name) => result.get(name))]))
      .join('');
  },
  end: () => '',
};

/**
 * Names of the fields that are passed through, each with its name in the header. The id is there anyway, and so is the
 * main input where a column of ours has it under the same name.
 */
function passedNames(options: FormatOptions): Map<string, string> {
  if (!options.passThrough) return new Map();
  const ours = columns(options);
  const own = [...ours, ...ownNames[options.taskType]];
  const isThere = (name: string) => name === 'id' || (name === options.input && name === inputColumn[options.taskType]);
  return new Map(
    options.fieldNames.filter((name) => !isThere(name)).map((name) => [name, inputName(name, own, options.fieldNames)]),
  );
}

/** Our column of the main input, where there is one. */
const inputColumn: Readonly<Record<FormatOptions['taskType'], string | null>> = {
  classify: null,
  extract: 'text',
  answer: 'question',
  generate: null,
};

function columns(options: FormatOptions): string[] {
  const { taskType, labels, multiLabel } = options;
  switch (taskType) {
    case 'classify': {
      const scores = labels.map((label) => `score_${label}`);
      return ['id', multiLabel ? 'labels' : 'label', 'abstained', 'score', ...scores, 'error'];
    }
    case 'extract':
      return ['id', 'text', 'entity', 'label', 'start', 'end', 'score', 'error'];
    case 'answer':
      return ['id', 'question', 'answer', 'start', 'end', 'source', 'line', 'sentence', 'score', 'reason', 'error'];
    case 'generate':
      return ['id', 'output', ...propertyColumns(options).values(), 'error'];
  }
}

/** The column of each property of the schema. */
function propertyColumns({ properties }: FormatOptions): Map<string, string> {
  const ours = ['id', 'output', 'error'];
  return new Map(properties.map((name) => [name, ours.includes(name) ? `output_${name}` : name]));
}

/** The rows of a record: values by column; a column that is missing is empty. */
function results({ record, output, error }: Prediction, options: FormatOptions): Map<string, unknown>[] {
  const { offsets } = options;
  const input = inputColumn[options.taskType];
  const common = { id: record.id, ...(input === null || record.text === '' ? {} : { [input]: record.text }) };
  const row = (values: Record<string, unknown>) => new Map<string, unknown>(Object.entries({ ...common, ...values }));
  switch (output?.type) {
    case undefined:
      return [row({ error: error ?? 'no output' })];
    case 'classify': {
      const label = labelCell(output.labels, options);
      const score = rounded(output.score);
      const result = row({ label, labels: label, abstained: output.abstained, score });
      for (const [name, value] of Object.entries(output.scores)) result.set(`score_${name}`, rounded(value));
      return [result];
    }
    case 'extract': {
      if (output.entities.length === 0) return [row({})];
      const span = spansOf(record.text, offsets);
      return output.entities.map((entity) => {
        const score = entity.score === undefined ? undefined : rounded(entity.score);
        return row({ entity: entity.text, label: entity.label, ...span(entity), score });
      });
    }
    case 'answer': {
      const { answer, reason } = output;
      const score = rounded(output.score);
      return [row({ answer, ...evidenceOf(output, offsets), score, reason })];
    }
    case 'generate': {
      if (output.value === undefined) return [row({ output: output.text })];
      const value = parseJson(output.text);
      const parts = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
      const cells = [...propertyColumns(options)].map(([name, column]) => [
        column,
        Object.hasOwn(parts, name) ? parts[name] : undefined,
      ]);
      return [row({ output: value, ...Object.fromEntries(cells) })];
    }
  }
}

function line(cells: readonly unknown[]): string {
  return csvStringify().stringify([cells.map(cellText)], { quoted_match: /[\r\n]/ });
}

function cellText(value: unknown): string {
  return value === undefined || value === null ? '' : textOf(value);
}
