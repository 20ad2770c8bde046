import { defineMetric, mean } from '../../../metrics/define.js';
import { bestScore, exactScore, f1Score, isAnswerable } from './squad.js';

const about = { better: 'higher', range: [0, 1], summarise: mean } as const;

/** SQuAD 2.0 `exact`, as a share. */
export const exactMatch = defineMetric<number>({
  ...about,
  binary: true,
  name: 'exact-match',
  title: 'exact match',
  observe: (pair) => bestScore(pair, exactScore),
});

/** SQuAD 2.0 `f1`, as a share. */
export const tokenF1 = defineMetric<number>({
  ...about,
  name: 'token-f1',
  title: 'token F1',
  observe: (pair) => bestScore(pair, f1Score),
});

/** SQuAD 2.0 `HasAns_exact`: over the questions that have an answer. */
export const exactMatchAnswerable = defineMetric<number>({
  ...about,
  binary: true,
  name: 'exact-match-answerable',
  title: 'exact match, answerable',
  observe: (pair) => (isAnswerable(pair) ? bestScore(pair, exactScore) : null),
});

/** SQuAD 2.0 `HasAns_f1`. */
export const tokenF1Answerable = defineMetric<number>({
  ...about,
  name: 'token-f1-answerable',
  title: 'token F1, answerable',
  observe: (pair) => (isAnswerable(pair) ? bestScore(pair, f1Score) : null),
});
