import { usageError } from '../errors.js';
import type { Row } from '../types.js';
import { isObject, parseJson } from './json-values.js';
import { readAll } from './read-all.js';
import type { Reader } from './types.js';

/**
 * SQuAD 1.1 and 2.0: a row for each question, with the different answers that people gave and where each
 * starts in the context, in code points; no answers for a question that is marked as impossible.
 */
export const squad: Reader = {
  name: 'squad',
  extensions: [],
  labelled: true,
  takes: [],
  async *read(source, options) {
    const document = await readAll(source, options);
    if (document.trim() === '') return;
    const value = parseJson(document, source.file);
    if (!isSquad(value)) {
      throw usageError(`${source.file} is not a SQuAD file`, 'It needs data[].paragraphs[] with context and qas[].');
    }
    yield* squadRows(value, source.file);
  },
};

interface Squad {
  readonly data: readonly { readonly title?: unknown; readonly paragraphs: readonly unknown[] }[];
}

export function isSquad(value: unknown): value is Squad {
  if (!isObject(value) || !Array.isArray(value.data) || value.data.length === 0) return false;
  return value.data.every((article) => isObject(article) && Array.isArray(article.paragraphs));
}

export function* squadRows({ data }: Squad, file: string): Iterable<Row> {
  const origin = { file, line: 1 };
  for (const { title, paragraphs } of data) {
    for (const paragraph of paragraphs) {
      if (!isObject(paragraph) || typeof paragraph.context !== 'string' || !Array.isArray(paragraph.qas)) {
        yield { fields: {}, origin, error: `a paragraph of "${title}" has no context or no qas` };
        continue;
      }
      for (const question of paragraph.qas) yield questionRow(question, paragraph.context, title, origin);
    }
  }
}

function questionRow(value: unknown, context: string, title: unknown, origin: Row['origin']): Row {
  if (!isObject(value) || typeof value.question !== 'string') {
    return { fields: {}, origin, error: `an entry in qas of "${title}" has no question` };
  }
  const starts = new Map<string, unknown>();
  const given = value.is_impossible === true || !Array.isArray(value.answers) ? [] : value.answers;
  for (const answer of given) {
    if (!isObject(answer) || typeof answer.text !== 'string') {
      return { fields: {}, origin, error: `question "${value.id}" has an answer without text` };
    }
    if (!starts.has(answer.text)) starts.set(answer.text, answer.answer_start);
  }
  const answers = { answers: [...starts.keys()], answer_starts: [...starts.values()] };
  return { fields: { id: value.id, question: value.question, context, title, ...answers }, origin };
}
