import { defineMetric, mean } from '../../../metrics/define.js';
import type { Pair } from '../../../types.js';
import { labelPair, sameLabels } from './labels.js';

/** Share of all records that got their label. Abstaining counts as wrong, and so does a failed record. */
export const accuracy = defineMetric<number>({
  name: 'accuracy',
  title: 'accuracy',
  labelling: 'single',
  better: 'higher',
  range: [0, 1],
  binary: true,
  observe: rightness,
  summarise: mean,
});

/** Share of records whose labels are exactly the right ones; scikit-learn's accuracy_score on several labels. */
export const subsetAccuracy = defineMetric<number>({
  name: 'subset-accuracy',
  title: 'all labels right',
  labelling: 'multi',
  better: 'higher',
  range: [0, 1],
  binary: true,
  observe: (pair) => {
    const labels = labelPair(pair);
    // No label at all is a right answer where none holds, even for a task that calls it abstaining.
    return labels === null ? null : Number(sameLabels(labels));
  },
  summarise: mean,
});

/** 1 when a single-label record got its label, otherwise 0; null when it is not one of classification. For McNemar's test too. */
export function rightness(pair: Pair): number | null {
  const labels = labelPair(pair);
  if (labels === null) return null;
  return Number(labels.predicted?.length === 1 && labels.gold.includes(labels.predicted[0] as string));
}
