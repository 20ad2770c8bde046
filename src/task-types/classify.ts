import type { ClassifyOutput } from '../types.js';
import { labelNamed } from './gold.js';
import { labelsInCell } from './label-cell.js';
import type { TaskTypeDefinition } from './types.js';

/** One label of a set, or any number of them. */
export const classify: TaskTypeDefinition<ClassifyOutput> = {
  type: 'classify',
  title: 'classification',
  input: 'text',
  goldFields: ['label', 'labels'],
  settings: ['labels', 'multiLabel', 'threshold'],

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

  /** Probabilities are averaged over the pieces by length; the threshold is applied to the average. */
  merge(pieces) {
    const [first] = pieces;
    if (first === undefined) throw new Error('nothing to merge');
    if (pieces.length === 1) return first.output;
    const total = pieces.reduce((sum, piece) => sum + piece.weight, 0);
    const scores: Record<string, number> = {};
    for (const { output, weight } of pieces) {
      for (const [label, score] of Object.entries(output.scores)) {
        scores[label] = (scores[label] ?? 0) + (score * weight) / total;
      }
    }
    return { ...first.output, scores };
  },

  correct({ gold, output }) {
    if (gold.type !== 'classify' || output?.type !== 'classify') return false;
    return gold.labels.length === output.labels.length && gold.labels.every((label) => output.labels.includes(label));
  },

  describe(value) {
    if (value.type !== 'classify') return '';
    if (value.labels.length > 0) return value.labels.join(', ');
    return 'abstained' in value && value.abstained ? 'abstain' : '(no label)';
  },
};
