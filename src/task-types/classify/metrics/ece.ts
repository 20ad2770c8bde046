import { defineMetric } from '../../../metrics/define.js';
import { calibrationError, calibrationErrorByChance } from '../../../metrics/reliability.js';
import { type TopLabel, topLabel } from './labels.js';

/** Calibration error of the top label. Abstained records count; failed ones have no score and are left out. */
export const ece = defineMetric<TopLabel>({
  name: 'ece',
  title: 'calibration error (ECE)',
  labelling: 'single',
  better: 'lower',
  range: [0, 1],
  observe: topLabel,
  summarise: calibrationError,
  byChance: calibrationErrorByChance,
});
