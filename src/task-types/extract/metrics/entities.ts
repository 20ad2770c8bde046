import { type Counts, compareSets, f1Of, precisionOf, recallOf, total } from '../../../metrics/counts.js';
import { defineMetric } from '../../../metrics/define.js';
import { entityKey } from '../../../spans.js';
import type { Entity, Pair } from '../../../types.js';

/*
 * Exact matches of boundaries and type, counted over all records: E. Tjong Kim Sang, F. De Meulder, "Introduction
 * to the CoNLL-2003 Shared Task", section 2.3, as conlleval and seqeval count. In a failed record everything
 * is missed.
 */

const about = { better: 'higher', range: [0, 1], observe: entityCounts } as const;

export const entityF1 = defineMetric<Counts>({
  ...about,
  name: 'entity-f1',
  title: 'entity F1',
  summarise: (stats) => f1Of(total(stats)),
});

export const entityPrecision = defineMetric<Counts>({
  ...about,
  name: 'entity-precision',
  title: 'entity precision',
  summarise: (stats) => precisionOf(total(stats)),
});

export const entityRecall = defineMetric<Counts>({
  ...about,
  name: 'entity-recall',
  title: 'entity recall',
  summarise: (stats) => recallOf(total(stats)),
});

function entityCounts(pair: Pair): Counts | null {
  const entities = entityPair(pair);
  return entities === null ? null : compareSets(keys(entities.gold), keys(entities.predicted));
}

/** Null when the pair is not one of extraction; a failed record has predicted nothing. */
function entityPair({
  gold,
  output,
}: Pair): { readonly gold: readonly Entity[]; readonly predicted: readonly Entity[] } | null {
  if (gold.type !== 'extract') return null;
  return { gold: gold.entities, predicted: output?.type === 'extract' ? output.entities : [] };
}

function keys(entities: readonly Entity[]): Set<string> {
  return new Set(entities.map(entityKey));
}

/** Counts of every label that occurs. */
export function countEntities(pairs: readonly Pair[]): Map<string, Counts> {
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
