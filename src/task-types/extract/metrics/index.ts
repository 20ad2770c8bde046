import type { Metric } from '../../../metrics/types.js';
import { entityF1, entityPrecision, entityRecall } from './entities.js';

/** In the order of a report. */
export const metrics: readonly Metric[] = [entityF1, entityPrecision, entityRecall];
