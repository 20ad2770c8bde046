import { assignFolds } from '../linear/folds.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, TaskProfile } from '../types.js';

/** Folds of the examples: by label where they have one, and passages in one fold with all their questions. */
export function foldsFor(profile: TaskProfile, examples: readonly Example[], seed: number) {
  const count = examples.length < 40 ? Math.max(2, Math.min(10, examples.length)) : examples.length > 500 ? 3 : 5;
  const { stratumOf, passageOf } = taskTypes[profile.type];
  const labels = new Map<string, number>();
  const strata = examples.map((example) => {
    const label = stratumOf(example.gold);
    const index = labels.get(label) ?? labels.size;
    labels.set(label, index);
    return index;
  });
  const passages = examples.map(({ record }) => passageOf(record));
  const groups = passages.some(({ length }) => length > 0)
    ? passages.map((passage, i) => String(passage.find((part) => part !== undefined && part !== null) ?? i))
    : undefined;
  const assigned = assignFolds(strata, { folds: count, seed, ...(groups === undefined ? {} : { groups }) });
  return { assigned, count };
}
