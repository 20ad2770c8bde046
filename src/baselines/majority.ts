import { answersIn, guessed, unanswered } from '../task-types/answer/values.js';
import { scored } from '../task-types/classify/values.js';
import { extracted } from '../task-types/extract/values.js';
import type { AnswerOutput, ClassifyOutput, Example, Output } from '../types.js';
import { labelledTexts } from './labelled-texts.js';
import { repeatedAnswer } from './repeated-answer.js';
import type { Baseline, BaselineContext } from './types.js';

/** Always the same: the most frequent label with the labels' frequencies as scores; no entity; one verdict, or no answer. */
export const majorityLabel: Baseline = { ...majority(mostFrequentLabel), taskTypes: ['classify'] };
export const noEntity: Baseline = { ...majority(() => extracted([])), taskTypes: ['extract'] };
export const sameAnswer: Baseline = { ...majority(mostFrequentAnswer), taskTypes: ['answer'] };

function majority(
  outputFor: (examples: readonly Example[], context: BaselineContext) => Output,
): Omit<Baseline, 'taskTypes'> {
  return {
    name: 'majority',
    title: 'always the most frequent',
    reported: true,
    train(examples, context) {
      const output = outputFor(examples, context);
      return () => output;
    },
  };
}

/** Probabilities by relative frequency; equal ones where there are no examples. With several labels, those that hold more often than not. */
function mostFrequentLabel(examples: readonly Example[], { labels, multiLabel }: BaselineContext): ClassifyOutput {
  const counts = new Map(labels.map((label) => [label, 0]));
  const texts = labelledTexts(examples);
  for (const text of texts) {
    for (const label of text.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const share = (count: number): number => (texts.length === 0 ? 1 / counts.size : count / texts.length);
  const scores = Object.fromEntries([...counts].map(([label, count]) => [label, share(count)]));
  const [best, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', -1]);
  const holding = multiLabel ? [...counts.keys()].filter((label) => (scores[label] as number) > 0.5) : [best];
  return scored(scores, holding, share(Math.max(0, count)));
}

/** Answers that are copied differ from question to question, so that only none can be right again; verdicts recur. */
function mostFrequentAnswer(examples: readonly Example[]): AnswerOutput {
  const repeated = repeatedAnswer(examples);
  if (repeated !== null) return guessed(repeated.answer, repeated.share);
  const answerable = examples.filter(({ gold }) => answersIn(gold).length > 0).length;
  return unanswered(answerable / examples.length, 'this baseline never answers');
}
