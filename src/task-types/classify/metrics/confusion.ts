import type { ConfusionMatrix } from '../../../metrics/types.js';
import type { Pair } from '../../../types.js';
import { labelPair } from './labels.js';

/** Applies to tasks with one label a record; records with another number of gold labels are skipped. */
export function confusion(pairs: readonly Pair[], labels: readonly string[]): ConfusionMatrix {
  const single = pairs.map(labelPair).filter((pair) => pair !== null && pair.gold.length === 1);
  const all = [
    ...new Set([...labels, ...single.flatMap((pair) => [...(pair?.gold ?? []), ...(pair?.predicted ?? [])])]),
  ];
  const position = new Map(all.map((label, i) => [label, i]));
  const counts = all.map(() => all.map(() => 0));
  const abstained = all.map(() => 0);
  const failed = all.map(() => 0);
  const increment = (row: number[], at: number): void => {
    row[at] = (row[at] ?? 0) + 1;
  };
  for (const pair of single) {
    const gold = position.get(pair?.gold[0] ?? '') as number;
    const predicted = pair?.predicted ?? null;
    if (predicted === null) increment(failed, gold);
    else if (predicted[0] === undefined) increment(abstained, gold);
    else increment(counts[gold] as number[], position.get(predicted[0]) as number);
  }
  return { labels: all, counts, abstained, failed };
}
