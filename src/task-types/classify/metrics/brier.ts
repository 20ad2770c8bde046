import { defineMetric, mean } from '../../../metrics/define.js';

/**
 * Σ over the labels of (probability − [is gold])², averaged over records: G. Brier, "Verification of Forecasts
 * Expressed in Terms of Probability", 1950. From 0 to 2; scikit-learn's brier_score_loss with scale_by_half=False.
 * Failed records have no probabilities and are left out.
 */
export const brier = defineMetric<number>({
  name: 'brier',
  title: 'Brier score',
  labelling: 'single',
  better: 'lower',
  range: [0, 2],
  observe({ gold, output }) {
    if (gold.type !== 'classify' || output?.type !== 'classify') return null;
    let sum = 0;
    for (const [label, score] of Object.entries(output.scores)) {
      sum += (score - Number(gold.labels.includes(label))) ** 2;
    }
    // A gold label that the profile does not have was given probability 0.
    for (const label of gold.labels) if (!Object.hasOwn(output.scores, label)) sum += 1;
    return sum;
  },
  summarise: mean,
});
