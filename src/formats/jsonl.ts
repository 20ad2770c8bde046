import { parseJson, stringifyJson } from '../json.js';
import type { AnswerOutput, ClassifyOutput, Prediction } from '../types.js';
import { evidenceOf, passedThrough, rounded, spansOf } from './fields.js';
import type { FormatOptions, Writer } from './types.js';

/** JSON Lines: an object a record, with the input's own fields first. */
export const jsonl: Writer = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson'],
  hasHeader: false,
  start: () => '',
  prediction(prediction, options) {
    const { explanation } = prediction;
    const ours = { ...result(prediction, options), ...(explanation === undefined ? {} : { explanation }) };
    return `${stringifyJson({ ...passedThrough(prediction, ours, options), ...ours })}\n`;
  },
  end: () => '',
};

function result({ record, output, error }: Prediction, options: FormatOptions): Record<string, unknown> {
  const { id, text } = record;
  switch (output?.type) {
    case undefined:
      return { id, error: error ?? 'no output' };
    case 'classify':
      return { id, ...classification(output, options) };
    case 'extract': {
      const span = spansOf(text, options.offsets);
      const entities = output.entities.map(({ text, label, score, ...at }) => ({
        text,
        label,
        ...span(at),
        ...(score === undefined ? {} : { score: rounded(score) }),
      }));
      return { id, text, entities };
    }
    case 'answer':
      return { id, question: text, ...answer(output, options) };
    case 'generate':
      return { id, output: output.value === undefined ? output.text : parseJson(output.text) };
  }
}

function classification({ labels, abstained, score, scores }: ClassifyOutput, { multiLabel }: FormatOptions) {
  return {
    ...(multiLabel ? { labels } : { label: abstained ? null : (labels[0] ?? null) }),
    ...(abstained ? { abstained } : {}),
    score: rounded(score),
    scores: Object.fromEntries(Object.entries(scores).map(([label, value]) => [label, rounded(value)])),
  };
}

function answer(output: AnswerOutput, { offsets }: FormatOptions) {
  const { answer, reason } = output;
  const score = rounded(output.score);
  if (answer === null) return { answer, score, ...(reason === undefined ? {} : { reason }) };
  return { answer, ...evidenceOf(output, offsets), score };
}
