import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fitRanker,
  probabilityOf,
  type RankedCandidate,
  readingRanker,
  readsPassages,
  readsSentences,
} from '../../src/methods/passage-spans/answer-ranker.js';
import { scaleOf } from '../../src/methods/passage-spans/answerability.js';

const candidate = (logprob: number, answered: number, sentenceAnswered: number | null = null): RankedCandidate => ({
  question: 'Who?',
  answer: 'Ann',
  logprob,
  firstLogprob: logprob,
  tokens: 1,
  sentenceCoverage: 0.5,
  passageCoverage: 0.5,
  agreement: 0.5,
  answered,
  sentenceAnswered,
});

/** A question with a likely and an unlikely candidate: the likely one is right where the model says yes. */
const question = (answered: number) => ({
  candidates: [candidate(-1, answered), candidate(-3, answered)],
  right: [answered > 0, false],
});

test('the judge goes by what the model says of the passage, the choice by the candidates', () => {
  const ranker = fitRanker(
    Array.from({ length: 40 }, (_, i) => question(i % 2 === 0 ? 2 : -2)),
    null,
  );
  const answered = probabilityOf(candidate(-1, 2), ranker);
  assert.ok(answered > 0.85, `${answered}`);
  assert.ok(probabilityOf(candidate(-3, 2), ranker) < answered);
  const unanswered = probabilityOf(candidate(-1, -2), ranker);
  assert.ok(unanswered < 0.15, `${unanswered}`);
});

test('questions that are all answered right leave nothing to judge', () => {
  const ranker = fitRanker(
    Array.from({ length: 10 }, () => question(2)),
    null,
  );
  assert.equal(ranker.judge, undefined);
  assert.ok(probabilityOf(candidate(-1, 2), ranker) > 0.5);
});

test('where the passage says nothing, the judge goes by what the model says of the sentence', () => {
  const ranker = fitRanker(
    Array.from({ length: 40 }, (_, i) => {
      const sentence = i % 2 === 0 ? 1 : -1;
      return { candidates: [candidate(-1, 0, sentence)], right: [sentence > 0] };
    }),
    null,
  );
  assert.ok(readsSentences(ranker));
  assert.ok(probabilityOf(candidate(-1, 0, 1), ranker) > 0.85);
  assert.ok(probabilityOf(candidate(-1, 0, -1), ranker) < 0.15);
  assert.ok(
    !readsSentences(readingRanker({ middle: 0, spread: 1, certainty: 1 })),
    'the fixed one asks no more of the model',
  );
});

/** Passages that tell which of 240 questions have an answer, or sentences that do. */
const questionsWhere = (tells: 'passage' | 'sentence') =>
  Array.from({ length: 240 }, (_, i) => {
    const [telling, other] = [i % 2 === 0 ? 1 : -1, i % 3 === 0 ? 1 : -1];
    const [passage, sentence] = tells === 'passage' ? [telling, other] : [other, telling];
    const candidates = [candidate(-1, passage, sentence), candidate(-3, passage, sentence)];
    return { candidates, right: [telling > 0, false] };
  });

test('fixed weights go on choosing in chat turns; what they and the sentence are worth is fitted', () => {
  const scale = { middle: 0, spread: 1, certainty: 1 };
  const fixed = readingRanker(scale);
  const byPassage = fitRanker(questionsWhere('passage'), scale);
  assert.deepEqual(byPassage.weights.slice(0, fixed.weights.length), fixed.weights);
  assert.ok(readsPassages(byPassage) && readsSentences(byPassage));
  assert.ok(probabilityOf(candidate(-1, 1, -1), byPassage) > 0.8);
  assert.ok(probabilityOf(candidate(-1, -1, 1), byPassage) < 0.2);

  const allRight = [question(2), question(2)];
  assert.deepEqual(fitRanker(allRight, scale), fixed);
});

test('a model that hardly tells passages with an answer from others is asked about sentences alone', () => {
  const bySentence = fitRanker(questionsWhere('sentence'), { middle: 0, spread: 0.3, certainty: 0.3 });
  assert.ok(!readsPassages(bySentence) && readsSentences(bySentence));
  assert.ok(probabilityOf(candidate(-1, -1, 1), bySentence) > 0.8);
  assert.ok(probabilityOf(candidate(-1, 1, -1), bySentence) < 0.2);
});

test('a model that hardly tells passages with an answer from others orders answers, and is not sure of them', () => {
  const sure = scaleOf([
    [2.1, -1.9],
    [1.9, -2.1],
    [2, -2],
  ]);
  assert.deepEqual(
    [sure.middle, sure.spread, sure.certainty].map((value) => Number(value.toFixed(3))),
    [0, 2, 1],
  );
  const unsure = scaleOf([
    [-0.2, -0.2],
    [0.5, -0.6],
    [-1.7, -1.4],
  ]);
  assert.ok(unsure.certainty > 0.1 && unsure.certainty < 0.4, `${unsure.certainty}`);
  const opposite = scaleOf([
    [-1, 1],
    [-1.1, 1.2],
  ]);
  assert.ok(opposite.certainty >= 0.1);
  const scores = [2, 0].map((answered) => probabilityOf(candidate(-1, answered), readingRanker(unsure)));
  const bold = [2, 0].map((answered) =>
    probabilityOf(candidate(-1, answered), readingRanker({ ...unsure, certainty: 1 })),
  );
  assert.ok((scores[0] as number) > (scores[1] as number));
  assert.ok((scores[0] as number) < (bold[0] as number) - 0.05, `${scores} ${bold}`);
});
