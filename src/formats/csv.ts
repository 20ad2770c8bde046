import { parseJson, stringifyJson } from '../json.js';
import { lazy } from '../lazy.js';
import type { Prediction } from '../types.js';
import { evidenceOf, inputName, rounded, spansOf } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

const csvStringify = lazy<typeof import('csv-stringify/sync')>('csv-stringify/sync');

/**
 * Comma-separated values (RFC 4180 with LF) with a header line: the fields that are passed through, then the
 * same fields as in jsonl, flat: a column a score, a row an entity. `error` comes last.
 */
export const csv: Writer = {
  name: 'csv',
  extensions: ['csv'],
  start: (options) => line([...passedNames(options).values(), ...columns(options)]),
  prediction(prediction, options) {
    const passed = [...passedNames(options).keys()].map((name) => prediction.record.fields[name]);
    const names = columns(options);
    return results(prediction, options)
      .map((result) => line([...passed, ...names.map((name) => result.get(name))]))
      .join('');
  },
  end: () => '',
};

/** Names of the fields that are passed through, each with its name in the header. The id is there anyway. */
function passedNames(options: FormatOptions): Map<string, string> {
  if (!options.passThrough) return new Map();
  const ours = columns(options);
  const names = options.fieldNames.filter((name) => name !== 'id');
  return new Map(names.map((name) => [name, inputName(name, ours)]));
}

function columns({ taskType, labels, multiLabel }: FormatOptions): string[] {
  switch (taskType) {
    case 'classify': {
      const scores = labels.map((label) => `score_${label}`);
      return ['id', multiLabel ? 'labels' : 'label', 'abstained', 'score', ...scores, 'error'];
    }
    case 'extract':
      return ['id', 'text', 'label', 'start', 'end', 'score', 'error'];
    case 'answer':
      return ['id', 'question', 'answer', 'start', 'end', 'source', 'line', 'sentence', 'score', 'reason', 'error'];
    case 'generate':
      return ['id', 'output', 'error'];
  }
}

/** The rows of a record: values by column; a column that is missing is empty. */
function results({ record, output, error }: Prediction, { offsets }: FormatOptions): Map<string, unknown>[] {
  const row = (values: Record<string, unknown>) =>
    new Map<string, unknown>(Object.entries({ id: record.id, ...values }));
  switch (output?.type) {
    case undefined:
      return [row({ error: error ?? 'no output' })];
    case 'classify': {
      const label = output.labels.join(',');
      const score = rounded(output.score);
      const result = row({ label, labels: label, abstained: output.abstained, score });
      for (const [name, value] of Object.entries(output.scores)) result.set(`score_${name}`, rounded(value));
      return [result];
    }
    case 'extract': {
      const span = spansOf(record.text, offsets);
      return output.entities.map((entity) => {
        const score = entity.score === undefined ? undefined : rounded(entity.score);
        return row({ text: entity.text, label: entity.label, ...span(entity), score });
      });
    }
    case 'answer': {
      const { answer, reason } = output;
      const score = rounded(output.score);
      return [row({ question: record.text, answer, ...evidenceOf(output, offsets), score, reason })];
    }
    case 'generate':
      return [row({ output: output.value === undefined ? output.text : parseJson(output.text) })];
  }
}

function line(cells: readonly unknown[]): string {
  return csvStringify().stringify([cells.map(cellText)], { quoted_match: /[\r\n]/ });
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
}
