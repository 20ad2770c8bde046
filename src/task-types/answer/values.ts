import type { AnswerOutput, Gold } from '../../types.js';

/** The accepted answers of gold; none where no answer is right, or it is of another type. */
export function answersIn(gold: Gold): readonly string[] {
  return gold.type === 'answer' ? gold.answers : [];
}

export function answered(answer: string, score: number, evidence: NonNullable<AnswerOutput['evidence']>): AnswerOutput {
  return { type: 'answer', answer, score, evidence };
}

/** An answer of a few that recur, given without reading: nothing shows it. */
export function guessed(answer: string, score: number): AnswerOutput {
  return { type: 'answer', answer, isVerdict: true, score };
}

/**
 * An answer that is less likely than the threshold is no answer.
 * @param why what its reason begins with
 */
export function rejectBelow(
  output: AnswerOutput,
  min: number,
  why = 'what was found does not answer it',
): AnswerOutput {
  const { answer, score } = output;
  if (answer === null || score >= min) return output;
  return unanswered(score, `${why}: "${answer}" scores ${score.toFixed(2)}, below ${min.toFixed(2)}`);
}

/** @param score that of the best candidate, which was rejected */
export function unanswered(score: number, reason: string): AnswerOutput {
  return { type: 'answer', answer: null, score, reason };
}
