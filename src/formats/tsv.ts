import { labelCell } from '../task-types/label-cell.js';
import type { Prediction } from '../types.js';
import { evidenceOf, spansOf } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

/**
 * Tab-separated values without a header, for cut, sort and awk. The columns are always the same:
 *
 *     classify   label  score  text                                  (label: a,b for several; abstain; error)
 *                                                                    (a whole file: its name in place of the text)
 *     extract    label  entity  start  end  score  id                (a row an entity)
 *     answer     answer  score  source  line  start  end  question   (no answer: only score and question)
 *     generate   output  id
 *
 * A record that failed has an empty score; the label of classify and extract is `error` then.
 */
export const tsv: Writer = {
  name: 'tsv',
  extensions: ['tsv', 'tab', 'txt'],
  hasHeader: false,
  start: () => '',
  prediction: (prediction, options) =>
    rows(prediction, options)
      .map((cells) => `${cells.map((cell) => escapeTsv(String(cell))).join('\t')}\n`)
      .join(''),
  end: () => '',
};

type Cells = readonly (string | number)[];

function rows({ record, output }: Prediction, options: FormatOptions): Cells[] {
  const { taskType, offsets } = options;
  const { id, origin } = record;
  const text = origin.line === null ? id : record.text;
  switch (output?.type) {
    case undefined:
      return [errorCells[taskType](id, text)];
    case 'classify': {
      const label = output.abstained ? 'abstain' : labelCell(output.labels, options);
      return [[label, decimals(output.score), text]];
    }
    case 'extract': {
      const span = spansOf(record.text, offsets);
      return output.entities.map((entity) => {
        const { start, end } = span(entity);
        return [entity.label, entity.text, start, end, decimals(entity.score), id];
      });
    }
    case 'answer': {
      const { source = '', line = '', start = '', end = '' } = evidenceOf(output, offsets) ?? {};
      return [[output.answer ?? '', decimals(output.score), source, line, start, end, record.text]];
    }
    case 'generate':
      return [[output.text, id]];
  }
}

const errorCells: Readonly<Record<FormatOptions['taskType'], (id: string, text: string) => Cells>> = {
  classify: (_id, text) => ['error', '', text],
  extract: (id) => ['error', '', '', '', '', id],
  answer: (_id, text) => ['', '', '', '', '', '', text],
  generate: (id) => ['', id],
};

function decimals(score: number | undefined): string {
  return score === undefined ? '' : score.toFixed(4);
}

const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

/** Tab, line end, carriage return and backslash as `\t`, `\n`, `\r` and `\\`, so that a field stays in its cell. */
export function escapeTsv(field: string): string {
  return field.replace(/[\t\n\r\\]/g, (character) => escapes[character] ?? character);
}
