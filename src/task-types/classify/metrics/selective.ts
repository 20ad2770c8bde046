import { defineMetric, mean } from '../../../metrics/define.js';
import { rightness } from './accuracy.js';
import { labelPair } from './labels.js';

/**
 * Coverage and the accuracy on what is covered (1 − selective risk): R. El-Yaniv, Y. Wiener, "On the Foundations
 * of Noise-free Selective Classification", JMLR 11, 2010. A failed record counts as not answered.
 */
export const coverage = defineMetric<number>({
  name: 'coverage',
  title: 'share answered',
  labelling: 'single',
  better: 'higher',
  range: [0, 1],
  binary: true,
  observe: (pair) => {
    const labels = labelPair(pair);
    return labels === null ? null : Number((labels.predicted ?? []).length > 0);
  },
  summarise: mean,
});

/** Accuracy over the records on which the task did not abstain. */
export const accuracyAnswered = defineMetric<number>({
  name: 'accuracy-answered',
  title: 'accuracy when answered',
  labelling: 'single',
  better: 'higher',
  range: [0, 1],
  observe: (pair) => ((labelPair(pair)?.predicted ?? []).length > 0 ? rightness(pair) : null),
  summarise: mean,
});
