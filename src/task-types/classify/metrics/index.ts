import type { Metric } from '../../../metrics/types.js';
import { accuracy, subsetAccuracy } from './accuracy.js';
import { brier } from './brier.js';
import { ece } from './ece.js';
import { macroF1, microF1 } from './label-f1.js';
import { accuracyAnswered, coverage } from './selective.js';

/** In the order of a report. */
export const metrics: readonly Metric[] = [
  accuracy,
  accuracyAnswered,
  coverage,
  subsetAccuracy,
  macroF1,
  microF1,
  ece,
  brier,
];
