import { defineMetric } from '../../../metrics/define.js';
import { type TopLabel, topLabel } from './labels.js';
import { binTopLabels, defaultBins } from './reliability.js';

/**
 * Expected calibration error: Σ over 15 equal-width bins of n_b / n · |accuracy_b − confidence_b|. C. Guo, G. Pleiss,
 * Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017. Of the top label, abstained
 * records included; failed ones have no score and are left out.
 */
export const ece = defineMetric<TopLabel>({
  name: 'ece',
  title: 'calibration error (ECE)',
  labelling: 'single',
  better: 'lower',
  range: [0, 1],
  observe: topLabel,
  summarise(stats) {
    let error = 0;
    for (const { n, accuracy, confidence } of binTopLabels(stats, defaultBins)) {
      if (accuracy !== null && confidence !== null) error += (n / stats.length) * Math.abs(accuracy - confidence);
    }
    return error;
  },
});
