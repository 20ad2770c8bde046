import { entityKey } from '../spans.js';
import type { Entity, Pair } from '../types.js';
import { type Counts, compareSets, f1Of, precisionOf, recallOf, total } from './counts.js';
import { defineMetric } from './define.js';

/*
 * Exact matches of boundaries and type, counted over all records: E. Tjong Kim Sang, F. De Meulder, "Introduction
 * to the CoNLL-2003 Shared Task", section 2.3, as conlleval and seqeval count. In a failed record everything
 * is missed.
 */

const about = { taskTypes: ['extract'], better: 'higher', range: [0, 1], observe: entityCounts } as const;

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
export function entityPair({
  gold,
  output,
}: Pair): { readonly gold: readonly Entity[]; readonly predicted: readonly Entity[] } | null {
  if (gold.type !== 'extract') return null;
  return { gold: gold.entities, predicted: output?.type === 'extract' ? output.entities : [] };
}

export function keys(entities: readonly Entity[]): Set<string> {
  return new Set(entities.map(entityKey));
}
