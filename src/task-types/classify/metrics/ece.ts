import { defineMetric } from '../../../metrics/define.js';
import { calibrationError } from '../../../metrics/reliability.js';
import { type TopLabel, topLabel } from './labels.js';

/** Of the top label, abstained records included; failed ones have no score and are left out. */
export const ece = defineMetric<TopLabel>({
  name: 'ece',
  title: 'calibration error (ECE)',
  labelling: 'single',
  better: 'lower',
  range: [0, 1],
  observe: topLabel,
  summarise: calibrationError,
});
