import type { TaskType } from '../types.js';
import { accuracy, subsetAccuracy } from './accuracy.js';
import { exactMatch, exactMatchAnswerable, tokenF1, tokenF1Answerable } from './answers.js';
import { brier } from './brier.js';
import { ece } from './ece.js';
import { entityF1, entityPrecision, entityRecall } from './entities.js';
import { fieldF1 } from './fields.js';
import { exactOutput, valid } from './generated.js';
import { macroF1, microF1 } from './label-f1.js';
import { noAnswerAuroc, noAnswerF1 } from './no-answer.js';
import { accuracyAnswered, coverage } from './selective.js';
import type { Metric } from './types.js';

export type { Metric, MetricContext, PreparedMetric } from './types.js';

/** Every metric by its name, in the order of a report. */
export const metrics = {
  accuracy,
  'accuracy-answered': accuracyAnswered,
  coverage,
  'subset-accuracy': subsetAccuracy,
  'macro-f1': macroF1,
  'micro-f1': microF1,
  ece,
  brier,
  'entity-f1': entityF1,
  'entity-precision': entityPrecision,
  'entity-recall': entityRecall,
  'exact-match': exactMatch,
  'token-f1': tokenF1,
  'exact-match-answerable': exactMatchAnswerable,
  'token-f1-answerable': tokenF1Answerable,
  'no-answer-f1': noAnswerF1,
  'no-answer-auroc': noAnswerAuroc,
  valid,
  'exact-output': exactOutput,
  'field-f1': fieldF1,
} satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;

/** The metrics that fit a task. */
export function metricsFor(type: TaskType, multiLabel: boolean): Metric[] {
  return Object.values<Metric>(metrics).filter(
    ({ taskTypes, labelling }) =>
      taskTypes.includes(type) && (labelling === undefined || labelling === (multiLabel ? 'multi' : 'single')),
  );
}
