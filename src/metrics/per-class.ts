import type { Pair } from '../types.js';
import { type Counts, compareSets, f1Of, precisionOf, recallOf } from './counts.js';
import { entityPair, keys } from './entities.js';
import { countByLabel } from './label-f1.js';
import { labelPair } from './labels.js';

export interface ClassRow {
  readonly label: string;
  /** Null when the label was never predicted. */
  readonly precision: number | null;
  /** Null when the label is never gold. */
  readonly recall: number | null;
  readonly f1: number | null;
  /** How often it is gold. */
  readonly support: number;
  /** How often it was predicted. */
  readonly predicted: number;
}

/** A row for each label of a classification or type of entity: the profile's labels, then others that occur. */
export function perClass(pairs: readonly Pair[], labels: readonly string[]): ClassRow[] {
  const counts = countByLabel(pairs.map(labelPair).filter((pair) => pair !== null));
  for (const [label, found] of countEntities(pairs)) counts.set(label, found);
  const none: Counts = { tp: 0, fp: 0, fn: 0 };
  return [...new Set([...labels, ...counts.keys()])].map((label) => {
    const one = counts.get(label) ?? none;
    return {
      label,
      precision: precisionOf(one),
      recall: recallOf(one),
      f1: f1Of(one),
      support: one.tp + one.fn,
      predicted: one.tp + one.fp,
    };
  });
}

function countEntities(pairs: readonly Pair[]): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  for (const pair of pairs) {
    const entities = entityPair(pair);
    if (entities === null) continue;
    for (const label of new Set([...entities.gold, ...entities.predicted].map((entity) => entity.label))) {
      const ofLabel = (entity: { label: string }): boolean => entity.label === label;
      const here = compareSets(keys(entities.gold.filter(ofLabel)), keys(entities.predicted.filter(ofLabel)));
      const before = counts.get(label) ?? { tp: 0, fp: 0, fn: 0 };
      counts.set(label, { tp: before.tp + here.tp, fp: before.fp + here.fp, fn: before.fn + here.fn });
    }
  }
  return counts;
}
