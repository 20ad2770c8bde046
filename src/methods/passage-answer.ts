import type { AnswerOutput } from '../types.js';
import { type Judge, type JudgedCandidate, probabilityOf } from './answer-judge.js';
import type { Candidate, Reading } from './passage-reading.js';

/** What the judge sees of a candidate. */
export function judged(candidate: Candidate, { index, coverage }: Reading, question: string): JudgedCandidate {
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
export function rank(reading: Reading, judge: Judge, question: string) {
  return reading.candidates
    .map((candidate) => ({ candidate, probability: probabilityOf(judged(candidate, reading, question), judge) }))
    .sort((a, b) => b.probability - a.probability);
}

/** The most likely candidate with its place, whatever its probability is. */
export function answerOf(reading: Reading, judge: Judge, question: string): AnswerOutput {
  const [first] = rank(reading, judge, question);
  if (first === undefined) {
    return { type: 'answer', answer: null, score: 0, reason: 'no passage shares a word with the question' };
  }
  const { candidate: best, probability } = first;
  const { document } = best.passage;
  return {
    type: 'answer',
    answer: best.text,
    score: probability,
    evidence: {
      source: document.source,
      line: lineOf(document.text, best.start),
      span: { start: best.start, end: best.end },
      sentence: best.passage.text,
      text: document.text,
    },
  };
}

export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
