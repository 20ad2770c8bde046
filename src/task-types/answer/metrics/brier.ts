import { defineMetric, mean } from '../../../metrics/define.js';
import { isRight } from '../right.js';

/**
 * (Score − [the answer is right])², averaged: how right the probabilities are. A withheld answer to a question without
 * one was wrong; that to another question is not known, and is left out.
 */
export const brier = defineMetric<number>({
  name: 'answer-brier',
  title: 'Brier score of answers',
  better: 'lower',
  range: [0, 1],
  observe({ gold, output }) {
    if (gold.type !== 'answer' || output?.type !== 'answer') return null;
    if (output.answer === null) return gold.answers.length === 0 ? output.score ** 2 : null;
    return (output.score - Number(isRight(output.answer, gold.answers))) ** 2;
  },
  summarise: mean,
});
