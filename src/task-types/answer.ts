import type { AnswerOutput } from '../types.js';
import { listInCell } from './label-cell.js';
import type { TaskTypeDefinition } from './types.js';

/** A span of a passage that answers a question, or the statement that there is none. */
export const answer: TaskTypeDefinition<AnswerOutput> = {
  type: 'answer',
  title: 'question answering',
  input: 'question',
  goldFields: ['answers', 'answer'],
  settings: ['threshold', 'documents'],

  readGold(fields) {
    const raw = fields.answers ?? fields.answer;
    if (raw === undefined) return null;
    const values = Array.isArray(raw) ? raw : (listInCell(raw) ?? (raw === null || raw === '' ? [] : [raw]));
    return { type: 'answer', answers: values.map(String) };
  },

  // A question is not cut; its passages are chosen by the method.
  merge: null,

  correct({ gold, output }) {
    if (gold.type !== 'answer' || output?.type !== 'answer') return false;
    if (output.answer === null) return gold.answers.length === 0;
    const given = plain(output.answer);
    return gold.answers.some((accepted) => plain(accepted) === given);
  },

  describe(value) {
    if (value.type !== 'answer') return '';
    if ('answers' in value) return value.answers.length === 0 ? '(no answer)' : value.answers.join(' / ');
    return value.answer ?? '(no answer)';
  },
};

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\p{P}\p{S}]/gu, '')
    .replace(/\b(a|an|the)\b/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}
