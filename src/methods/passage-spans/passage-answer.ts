import { evidenceAt } from '../../task-types/answer/evidence.js';
import { isRight } from '../../task-types/answer/right.js';
import { answersIn, unanswered } from '../../task-types/answer/values.js';
import type { AnswerOutput, Example, OtherAnswer } from '../../types.js';
import { nothingFound } from '../passages.js';
import { choiceOf, probabilityOf, type RankedCandidate, type RankedQuestion, type Ranker } from './answer-ranker.js';
import type { Candidate, Reading } from './passage-reading.js';

/** The ranker's features of the candidates of a question, in their order. */
function rankedOf({ candidates, index }: Reading, question: string): RankedCandidate[] {
  const shares = candidates.map(({ logprob, tokens }) => Math.exp(logprob * (tokens + 1)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return candidates.map((candidate) => ({
    question,
    answer: candidate.text,
    logprob: candidate.logprob,
    firstLogprob: candidate.firstLogprob,
    tokens: candidate.tokens,
    sentenceCoverage: index.coverage(question, [candidate.passage]),
    passageCoverage: candidate.coverage,
    agreement:
      candidates.reduce((sum, { text }, i) => sum + (isRight(text, [candidate.text]) ? (shares[i] as number) : 0), 0) /
      total,
    answered: candidate.answered,
    sentenceAnswered: candidate.sentenceAnswered,
  }));
}

/** The candidates of an example, and which of them are right. */
export function rankedQuestion(reading: Reading, example: Example): RankedQuestion {
  const candidates = rankedOf(reading, example.record.text);
  return { candidates, right: candidates.map(({ answer }) => isRight(answer, answersIn(example.gold))) };
}

/** Candidates with the probability that they are right, best first. */
export function rank(reading: Reading, ranker: Ranker, question: string) {
  return rankedOf(reading, question)
    .map((ranked, i) => ({
      candidate: reading.candidates[i] as Candidate,
      ranked,
      choice: choiceOf(ranked, ranker),
      probability: probabilityOf(ranked, ranker),
    }))
    .sort((a, b) => b.choice - a.choice);
}

/** The most likely candidate with its place, whatever its probability is, and a few others. */
export function answerOf(reading: Reading, ranker: Ranker, question: string): AnswerOutput {
  const ranked = rank(reading, ranker, question);
  const most = ranked[0]?.probability ?? 0;
  const [best, ...rest] = ranked.map(({ candidate, probability }) => ({
    candidate,
    // No other answer is more probable than the one that was chosen.
    given: givenBy(candidate, Math.min(most, probability)),
  }));
  if (best === undefined) {
    return unanswered(0, nothingFound);
  }
  const others: Given[] = [];
  for (const next of rest) {
    if (![best, ...others].some(({ given }) => isSaid(given, next.given))) others.push(next);
  }
  const rival = others.find((other) => contradicts(best, other));
  if (rival !== undefined) {
    const places = [best, rival].map(
      ({ given: { answer, evidence } }) => `"${answer}" (${evidence.source}:${evidence.line})`,
    );
    const reason = `two passages answer it differently: ${places.join(' and ')}`;
    return unanswered(best.given.score / 2, reason);
  }
  const few = others.slice(0, mostOthers).map(({ given }) => given);
  return { type: 'answer', ...best.given, ...(few.length === 0 ? {} : { others: few }) };
}

const mostOthers = 4;

function givenBy(candidate: Candidate, score: number): OtherAnswer {
  const { text, passage } = candidate;
  return { answer: text, score, evidence: evidenceAt(passage.document, candidate, passage) };
}

/** Whether two answers are the same words at the same place, or one of them a part of the other. */
function isSaid(a: OtherAnswer, b: OtherAnswer): boolean {
  const isOverlapping =
    a.evidence.document === b.evidence.document &&
    a.evidence.span.start < b.evidence.span.end &&
    b.evidence.span.start < a.evidence.span.end;
  return isOverlapping || isRight(a.answer, [b.answer]);
}

interface Given {
  readonly candidate: Candidate;
  readonly given: OtherAnswer;
}

/** Whether the model is as sure of another answer in a passage of its own as of the best one. */
function contradicts({ candidate: a, given: one }: Given, { candidate: b, given: other }: Given): boolean {
  const isApart = a.passage.document !== b.passage.document || a.passage.heading !== b.passage.heading;
  const isAsked = [a, b].every(({ answered, sentenceAnswered }) => (answered ?? sentenceAnswered) !== null);
  return isApart && isAsked && other.score >= Math.max(sureAnswered, one.score * nearlyEqual);
}

const sureAnswered = 0.5;
const nearlyEqual = 0.95;
