import { evidenceAt } from '../../task-types/answer/evidence.js';
import type { AnswerOutput, Example } from '../../types.js';
import { probabilityOf, type RankedCandidate, type Ranker } from './answer-ranker.js';
import type { Candidate, Reading } from './passage-reading.js';

/** What the ranker sees of a candidate. */
export function rankedOf(candidate: Candidate, { index, coverage }: Reading, question: string): RankedCandidate {
  return {
    question,
    answer: candidate.text,
    logprob: candidate.logprob,
    firstLogprob: candidate.firstLogprob,
    tokens: candidate.tokens,
    sentenceCoverage: index.coverage(question, [candidate.passage]),
    passageCoverage: coverage,
  };
}

/** Candidates with the probability that they are right, best first. */
export function rank(reading: Reading, ranker: Ranker, question: string) {
  return reading.candidates
    .map((candidate) => ({ candidate, probability: probabilityOf(rankedOf(candidate, reading, question), ranker) }))
    .sort((a, b) => b.probability - a.probability);
}

/** The most likely candidate with its place, whatever its probability is. */
export function answerOf(reading: Reading, ranker: Ranker, question: string): AnswerOutput {
  const [first] = rank(reading, ranker, question);
  if (first === undefined) {
    return { type: 'answer', answer: null, score: 0, reason: 'no passage shares a word with the question' };
  }
  const { candidate: best, probability } = first;
  return {
    type: 'answer',
    answer: best.text,
    score: probability,
    evidence: evidenceAt(best.passage.document, best, best.passage.text),
  };
}

/** An answer that is less likely than the threshold is no answer. */
export function rejectBelow(output: AnswerOutput, min: number): AnswerOutput {
  if (output.answer === null || output.score >= min) return output;
  const { answer, score } = output;
  return {
    type: 'answer',
    answer: null,
    score,
    reason: `the best passage does not answer it: "${answer}" scores ${score.toFixed(2)}, below ${min.toFixed(2)}`,
  };
}

/** The accepted answers of an example; empty where none is right. */
export function answersOf({ gold }: Example): readonly string[] {
  return gold.type === 'answer' ? gold.answers : [];
}
