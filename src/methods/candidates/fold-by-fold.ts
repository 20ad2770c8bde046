import { eventLoopTurn } from './event-loop.js';

/**
 * A decision for each example by what was fitted on those of the other folds.
 * @param folds the fold of each example
 * @param fit fits on the examples at these places, and decides the one at a place
 */
export async function foldByFold<T>(
  folds: Int32Array,
  fit: (others: readonly number[]) => (at: number) => T,
): Promise<T[]> {
  const decided: T[] = [];
  const last = folds.reduce((most, fold) => Math.max(most, fold), -1);
  for (let fold = 0; fold <= last; fold++) {
    const decide = fit(Array.from(folds.keys()).filter((i) => folds[i] !== fold));
    folds.forEach((own, i) => {
      if (own === fold) decided[i] = decide(i);
    });
    await eventLoopTurn();
  }
  return decided;
}
