import type { Metric } from '../../../metrics/types.js';
import { exactMatch, exactMatchAnswerable, tokenF1, tokenF1Answerable } from './answers.js';
import { brier } from './brier.js';
import { ece } from './ece.js';
import { noAnswerAuroc, noAnswerF1 } from './no-answer.js';

/** In the order of a report. */
export const metrics: readonly Metric[] = [
  exactMatch,
  tokenF1,
  exactMatchAnswerable,
  tokenF1Answerable,
  noAnswerF1,
  noAnswerAuroc,
  brier,
  ece,
];
