import { words } from '../segment.js';
import { entitiesOf, extracted } from '../task-types/extract/values.js';
import type { Entity } from '../types.js';
import type { Baseline } from './types.js';

/** Tags what stood as an entity in the examples, by its most frequent label: the longest match from left to right, whole words only. */
export const gazetteer: Baseline = {
  name: 'gazetteer',
  title: 'names seen in the examples',
  taskTypes: ['extract'],
  reported: true,
  train(examples) {
    const names = new Map<string, Map<string, number>>();
    let longest = 0;
    for (const { gold } of examples) {
      for (const { text, label } of entitiesOf(gold)) {
        const labels = names.get(text) ?? new Map<string, number>();
        labels.set(label, (labels.get(label) ?? 0) + 1);
        names.set(text, labels);
        longest = Math.max(longest, text.length);
      }
    }
    return ({ text }) => extracted(findNames(text, names, longest));
  },
};

function findNames(text: string, names: ReadonlyMap<string, ReadonlyMap<string, number>>, longest: number): Entity[] {
  const entities: Entity[] = [];
  const spans = words(text);
  for (let first = 0; first < spans.length; ) {
    const start = spans[first]?.start ?? 0;
    let found: { last: number; entity: Entity } | null = null;
    for (let last = first; last < spans.length; last++) {
      const end = spans[last]?.end ?? start;
      if (end - start > longest) break;
      const name = text.slice(start, end);
      const labels = names.get(name);
      if (labels === undefined) continue;
      const total = [...labels.values()].reduce((sum, count) => sum + count, 0);
      const [label, count] = [...labels].reduce((a, b) => (b[1] > a[1] ? b : a));
      found = { last, entity: { start, end, text: name, label, score: count / total } };
    }
    if (found !== null) entities.push(found.entity);
    first = (found?.last ?? first) + 1;
  }
  return entities;
}
