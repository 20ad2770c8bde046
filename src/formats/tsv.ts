import { taskTypes } from '../task-types/index.js';
import type { Prediction } from '../types.js';
import { modelColumn } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

/**
 * Tab-separated values without a header, for cut, sort and awk. A task type has always the same columns:
 *
 *     classification      label  score  text                              (label: a,b for several; abstain; error)
 *                                                                         (a whole file: its name in place of the text)
 *     extraction          label  entity  start  end  score  id            (a row an entity)
 *     question answering  answer  score  source  line  start  end  question   (no answer: only score and question)
 *     generation          output  id
 *
 * A record that failed has an empty score; the label of classification and extraction is `error` then.
 * A cascade has one more column at the end: the model that answered.
 */
export const tsv: Writer = {
  name: 'tsv',
  extensions: ['tsv', 'tab', 'txt'],
  hasHeader: false,
  start: () => '',
  prediction: (prediction, options) =>
    lines(prediction, options)
      .map((cells) => `${cells.map((cell) => escapeTsv(String(cell))).join('\t')}\n`)
      .join(''),
  end: () => '',
};

function lines({ record, output }: Prediction, options: FormatOptions) {
  const { results } = taskTypes[options.taskType];
  const cells = output === undefined ? [results.failedLine(record)] : results.lines(output, record, options);
  return cells.map((row) => [...row, ...modelColumn(options).map(() => output?.model ?? '')]);
}

const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

/** Tab, line end, carriage return and backslash as `\t`, `\n`, `\r` and `\\`, so that a field stays in its cell. */
export function escapeTsv(field: string): string {
  return field.replace(/[\t\n\r\\]/g, (character) => escapes[character] ?? character);
}
