import type { AnswerOutput, Gold } from '../../types.js';

/** The accepted answers of gold; none where no answer is right, or it is of another type. */
export function answersIn(gold: Gold): readonly string[] {
  return gold.type === 'answer' ? gold.answers : [];
}

export function answered(answer: string, score: number, evidence: NonNullable<AnswerOutput['evidence']>): AnswerOutput {
  return { type: 'answer', answer, score, evidence };
}

/** @param score that of the best candidate, which was rejected */
export function unanswered(score: number, reason: string): AnswerOutput {
  return { type: 'answer', answer: null, score, reason };
}
