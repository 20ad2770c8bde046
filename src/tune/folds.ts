import { assignFolds } from '../linear/folds.js';
import { labelOf } from '../methods/few-shot.js';
import type { Example, TaskProfile } from '../types.js';

/** Folds of the examples: by label where they have one, and passages in one fold with all their questions. */
export function foldsFor(profile: TaskProfile, examples: readonly Example[], seed: number) {
  const count = examples.length < 40 ? Math.max(2, Math.min(10, examples.length)) : examples.length > 500 ? 3 : 5;
  const labels = new Map<string, number>();
  const strata = examples.map((example) => {
    const label = labelOf(example);
    const index = labels.get(label) ?? labels.size;
    labels.set(label, index);
    return index;
  });
  const groups =
    profile.type === 'answer'
      ? examples.map(({ record }, i) => String(record.fields.context ?? record.fields.source ?? i))
      : undefined;
  const assigned = assignFolds(strata, { folds: count, seed, ...(groups === undefined ? {} : { groups }) });
  return { assigned, count };
}
