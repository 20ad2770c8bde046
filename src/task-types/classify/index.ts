import type { ClassifyGold, ClassifyOutput } from '../../types.js';
import { amongChosen, amongPart, chosenLabels } from '../among.js';
import { labelNamed } from '../gold.js';
import { labelsInCell } from '../label-cell.js';
import type { TaskTypeDefinition } from '../types.js';
import { checkLabels, isSkewed } from './examples.js';
import { confusion } from './metrics/confusion.js';
import { metrics } from './metrics/index.js';
import { countLabels } from './metrics/label-f1.js';
import { reliability } from './metrics/reliability.js';
import { results } from './results.js';
import * as starter from './starter.js';
import { scoreOf } from './values.js';

/** One label of a set, or any number of them. */
export const classify: TaskTypeDefinition<ClassifyOutput, ClassifyGold> = {
  type: 'classify',
  title: 'classification',
  input: 'text',
  goldFields: ['label', 'labels'],
  settings: ['labels', 'multiLabel', 'threshold'],
  missingGold: '"label" (or "labels")',
  comparesLabels: true,
  readsDocuments: false,
  fewestLabels: (multiLabel) => (multiLabel ? 1 : 2),
  // Several labels are decisions of yes or no: more likely than not, unless the profile says otherwise.
  usualThreshold: (multiLabel) => (multiLabel ? 0.5 : 0),
  defaultMethod: (multiLabel) => (multiLabel ? 'label-decisions' : 'label-likelihood'),

  readGold(fields, _text, context) {
    const raw = fields.labels ?? fields.label;
    if (raw === undefined || raw === null) return null;
    const values = Array.isArray(raw)
      ? raw
      : context.multiLabel
        ? labelsInCell(
            String(raw),
            context.labels.map(({ name }) => name),
          )
        : [raw];
    const names = values.map(String).filter((value) => value.trim() !== '');
    if (!context.multiLabel && names.length === 0) throw new Error('expected exactly one label, found none');
    if (!context.multiLabel && names.length > 1) {
      throw new Error(`expected exactly one label, found ${names.length} (set "multiLabel: true" for several)`);
    }
    return { type: 'classify', labels: [...new Set(names.map((name) => labelNamed(name, context)))] };
  },

  /** Several labels have no order. */
  goldKey: ({ labels }) => JSON.stringify([...labels].sort()),
  passageOf: () => [],

  empty: (task) => ({
    type: 'classify',
    labels: [],
    abstained: !task.multiLabel,
    score: 0,
    scores: Object.fromEntries(chosenLabels(task).map((label) => [label.name, 0])),
  }),

  /** Probabilities are averaged over the pieces by length; the threshold is applied to the average. */
  merge(pieces) {
    const [first] = pieces;
    if (first === undefined) throw new Error('nothing to merge');
    if (pieces.length === 1) return first.output;
    const total = pieces.reduce((sum, piece) => sum + piece.weight, 0);
    const scores = new Map<string, number>();
    for (const { output, weight } of pieces) {
      for (const [label, score] of Object.entries(output.scores)) {
        scores.set(label, (scores.get(label) ?? 0) + (score * weight) / total);
      }
    }
    return { ...first.output, scores: Object.fromEntries(scores) };
  },

  among(output, profile) {
    if (profile.among === undefined) return { output, explain: () => [] };
    const chosen = amongChosen(output, profile);
    return { output: chosen, explain: () => [amongPart(output, chosen)] };
  },

  isWithheld: ({ abstained }) => abstained,
  confidence: ({ score }) => score,

  /** With several labels, of the decision that is closest. */
  teachable: true,
  certainty({ score, scores }, multiLabel) {
    return multiLabel ? Math.min(1, ...Object.values(scores).map((each) => Math.max(each, 1 - each))) : score;
  },

  isGrounded: null,

  correct({ gold, output }) {
    if (gold.type !== 'classify' || output?.type !== 'classify') return false;
    return gold.labels.length === output.labels.length && gold.labels.every((label) => output.labels.includes(label));
  },

  outputKey: ({ labels, abstained }) => JSON.stringify([abstained, ...[...labels].sort()]),

  describe(value) {
    if (value.type !== 'classify') return '';
    if (value.labels.length > 0) return value.labels.join(', ');
    return 'abstained' in value && value.abstained ? 'abstain' : '(no label)';
  },

  metrics,
  countsByLabel: countLabels,
  confusion: (pairs, labels, multiLabel) => (multiLabel ? null : confusion(pairs, labels)),
  reliability: (pairs, multiLabel) => (multiLabel ? null : reliability(pairs)),

  isSkewed: (multiLabel, golds) => !multiLabel && isSkewed(golds.map(({ labels }) => labels[0] ?? '')),

  /**
   * The share that is right; where that would be high without any rare label ever being found, macro F1, to which each
   * label counts the same.
   */
  tuningMetric(multiLabel, golds) {
    if (multiLabel) return 'micro-f1';
    return this.isSkewed(multiLabel, golds) ? 'macro-f1' : 'accuracy';
  },

  /**
   * With one label a text the Brier score: it looks at the probabilities, so that it tells candidates apart on fewer
   * examples than accuracy needs, and sees which of them is too sure of itself.
   * T. Gneiting, A. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 102, 2007.
   */
  objective: (metric) => (metric === 'accuracy' ? 'brier' : metric),
  probabilityMetric: (metric) => (metric === 'accuracy' ? 'brier' : null),

  stratumOf: ({ labels }) => labels[0] ?? '',
  strata: ({ labels }) => labels.length,

  decisions({ labels: right }, { labels, score, scores }) {
    if (labels.length === 0) return [{ score, right: false }];
    return labels.map((label) => ({ score: scoreOf(scores, label), right: right.includes(label) }));
  },

  checkExamples: (golds, task) =>
    checkLabels(
      golds.map(({ labels }) => labels),
      task,
    ),
  results,
  starters: { classify: starter.oneLabel, 'multi-label': starter.severalLabels },
};
