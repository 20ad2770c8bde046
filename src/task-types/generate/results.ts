import { parseJson, stringifyJson } from '../../json.js';
import type { GenerateOutput } from '../../types.js';
import { spansOf } from '../cells.js';
import type { ResultForm, ResultTask } from '../types.js';

/** The generated output: with a schema a JSON value with its digits as they were generated, else a text. */
export const results: ResultForm<GenerateOutput> = {
  names: ['output', 'sources'],
  inputName: null,
  manyRows: false,

  object: (output, { text }, task) => ({
    output: generated(output),
    ...(output.sources === undefined ? {} : { sources: sourcesOf(text, output.sources, task) }),
  }),

  columns: (task) => ['output', ...propertyColumns(task).values()],

  rows(output, _record, task) {
    const value = generated(output);
    const parts = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    const cells = [...propertyColumns(task)]
      .filter(([name]) => Object.hasOwn(parts, name))
      .map(([name, column]) => [column, parts[name]]);
    return [{ output: value, ...Object.fromEntries(cells) }];
  },

  lines: ({ text }, { id }) => [[text, id]],
  failedLine: ({ id }) => ['', id],

  text: ({ text }) => text,

  pipelineIsList: false,
  pipeline: ({ text }) => ({ generated_text: text }),

  shown(output, _record, _task, { harmless }) {
    const text = output.value === undefined ? output.text : stringifyJson(generated(output), 2);
    return harmless(text.trimEnd()).split('\n');
  },
};

function generated({ text, value }: GenerateOutput): unknown {
  return value === undefined ? text : parseJson(text);
}

/** Spans of the text by JSON pointer into the output. */
function sourcesOf(text: string, sources: NonNullable<GenerateOutput['sources']>, { offsets }: ResultTask) {
  const span = spansOf(text, offsets);
  return Object.fromEntries(
    sources.map(({ pointer, ...at }) => [pointer, { text: text.slice(at.start, at.end), ...span(at) }]),
  );
}

/** The column of each property of the schema. */
function propertyColumns({ properties }: ResultTask): Map<string, string> {
  const ours = ['id', 'output', 'error'];
  return new Map(properties.map((name) => [name, ours.includes(name) ? `output_${name}` : name]));
}
