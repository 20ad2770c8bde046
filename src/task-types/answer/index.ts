import { binDecisions } from '../../metrics/reliability.js';
import type { AnswerGold, AnswerOutput } from '../../types.js';
import { listInCell } from '../label-cell.js';
import type { TaskTypeDefinition } from '../types.js';
import { standsThere } from './evidence.js';
import { brier } from './metrics/brier.js';
import { givenAnswer } from './metrics/ece.js';
import { metrics } from './metrics/index.js';
import { results } from './results.js';
import { isRight } from './right.js';
import { answers } from './starter.js';
import { unanswered } from './values.js';

/** A span of a passage that answers a question, or the statement that there is none. */
export const answer: TaskTypeDefinition<AnswerOutput, AnswerGold> = {
  type: 'answer',
  title: 'question answering',
  input: 'question',
  goldFields: ['answers', 'answer'],
  settings: ['threshold', 'documents', 'answer'],
  missingGold: '"answers"',
  comparesLabels: false,
  readsDocuments: true,
  fewestLabels: () => 0,
  // More likely right than not, unless the profile says otherwise.
  usualThreshold: () => 0.5,
  defaultMethod: () => 'passage-spans',
  answerKinds: { span: 'passage-spans', sentences: 'passage-sentences', verdict: 'passage-verdicts' },

  readGold(fields) {
    const raw = fields.answers ?? fields.answer;
    if (raw === undefined) return null;
    const values = Array.isArray(raw) ? raw : (listInCell(raw) ?? (raw === null || raw === '' ? [] : [raw]));
    return { type: 'answer', answers: values.map(String) };
  },

  goldKey: (gold) => JSON.stringify(gold),
  passageOf: ({ fields }) => [fields.context, fields.source],
  empty: () => unanswered(0, 'the question is empty'),

  // A question is not cut; its passages are chosen by the method.
  merge: null,

  isWithheld: (output) => output.answer === null,
  confidence: ({ score }) => score,
  /** The score is that of the best candidate, so where it was rejected a low one is sure. */
  teachable: false,
  certainty: ({ answer, score }) => (answer === null ? 1 - score : score),
  isGrounded: standsThere,

  correct({ gold, output }) {
    if (gold.type !== 'answer' || output?.type !== 'answer') return false;
    if (output.answer === null) return gold.answers.length === 0;
    const given = plain(output.answer);
    return gold.answers.some((accepted) => plain(accepted) === given);
  },

  outputKey: ({ answer }) => JSON.stringify(answer),

  describe(value) {
    if (value.type !== 'answer') return '';
    if ('answers' in value) return value.answers.length === 0 ? '(no answer)' : value.answers.join(' / ');
    return value.answer ?? '(no answer)';
  },

  metrics,
  countsByLabel: null,
  confusion: () => null,
  reliability: (pairs) => binDecisions(pairs.map(givenAnswer).filter((given) => given !== null)),
  isSkewed: () => false,
  tuningMetric: () => 'token-f1',
  objective: (metric) => metric,
  probabilityMetric: () => brier.name,
  stratumOf: () => '',
  strata: () => 0,

  // Results below the threshold say nothing about the precision above it.
  decisions: ({ answers }, { answer, score }) => [{ score, right: answer !== null && isRight(answer, answers) }],

  checkExamples: () => [],
  results,
  starters: { answer: answers },
};

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\p{P}\p{S}]/gu, '')
    .replace(/\b(a|an|the)\b/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}
