import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitRanker, probabilityOf, type RankedCandidate } from '../../src/methods/passage-spans/answer-ranker.js';

const candidate = (logprob: number, answered: number): RankedCandidate => ({
  question: 'Who?',
  answer: 'Ann',
  logprob,
  firstLogprob: logprob,
  tokens: 1,
  sentenceCoverage: 0.5,
  passageCoverage: 0.5,
  agreement: 0.5,
  answered,
});

/** A question with a likely and an unlikely candidate: the likely one is right where the model says yes. */
const question = (answered: number) => ({
  candidates: [candidate(-1, answered), candidate(-3, answered)],
  right: [answered > 0, false],
});

test('the judge goes by what the model says of the passage, the choice by the candidates', () => {
  const ranker = fitRanker(Array.from({ length: 40 }, (_, i) => question(i % 2 === 0 ? 2 : -2)));
  const answered = probabilityOf(candidate(-1, 2), ranker);
  assert.ok(answered > 0.85, `${answered}`);
  assert.ok(probabilityOf(candidate(-3, 2), ranker) < answered);
  const unanswered = probabilityOf(candidate(-1, -2), ranker);
  assert.ok(unanswered < 0.15, `${unanswered}`);
});

test('questions that are all answered right leave nothing to judge', () => {
  const ranker = fitRanker(Array.from({ length: 10 }, () => question(2)));
  assert.equal(ranker.judge, undefined);
  assert.ok(probabilityOf(candidate(-1, 2), ranker) > 0.5);
});
