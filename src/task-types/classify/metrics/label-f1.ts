import { type Counts, compareSets, f1Of, total } from '../../../metrics/counts.js';
import { defineMetric } from '../../../metrics/define.js';
import type { Pair } from '../../../types.js';
import { type LabelPair, labelPair } from './labels.js';

/**
 * Unweighted mean of each label's F1, over the labels that occur as gold or as prediction: f1_score(average=
 * 'macro') of scikit-learn. Where the task abstained or failed, the gold label counts as missed.
 */
export const macroF1 = defineMetric<LabelPair>({
  name: 'macro-f1',
  title: 'macro F1',
  better: 'higher',
  range: [0, 1],
  observe: labelPair,
  summarise(stats) {
    const counts = countByLabel(stats);
    let sum = 0;
    for (const one of counts.values()) sum += f1Of(one) ?? 0;
    return counts.size === 0 ? null : sum / counts.size;
  },
});

/** F1 over all decisions together: f1_score(average='micro'). With one label a record it would be the accuracy. */
export const microF1 = defineMetric<Counts>({
  name: 'micro-f1',
  title: 'micro F1',
  labelling: 'multi',
  better: 'higher',
  range: [0, 1],
  observe(pair: Pair) {
    const labels = labelPair(pair);
    return labels === null ? null : compareSets(new Set(labels.gold), new Set(labels.predicted));
  },
  summarise: (stats) => f1Of(total(stats)),
});

/** Counts of every label that occurs, in order of appearance. */
export function countLabels(pairs: readonly Pair[]): Map<string, Counts> {
  return countByLabel(pairs.map(labelPair).filter((pair) => pair !== null));
}

function countByLabel(pairs: readonly LabelPair[]): Map<string, Counts> {
  const counts = new Map<string, { tp: number; fp: number; fn: number }>();
  const of = (label: string): { tp: number; fp: number; fn: number } => {
    let one = counts.get(label);
    if (one === undefined) {
      one = { tp: 0, fp: 0, fn: 0 };
      counts.set(label, one);
    }
    return one;
  };
  for (const { gold, predicted } of pairs) {
    for (const label of gold) {
      if (predicted?.includes(label) === true) of(label).tp++;
      else of(label).fn++;
    }
    for (const label of predicted ?? []) if (!gold.includes(label)) of(label).fp++;
  }
  return counts;
}
