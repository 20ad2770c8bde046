import type { Metric } from '../../../metrics/types.js';
import { fieldF1 } from './fields.js';
import { exactOutput, valid } from './generated.js';

/** In the order of a report. */
export const metrics: readonly Metric[] = [valid, exactOutput, fieldF1];
