import { createRandom, shuffle } from '../random.js';

export interface FoldOptions {
  readonly folds: number;
  readonly seed: number;
  /** Rows with the same group stay together, for example sentences of one document. */
  readonly groups?: readonly string[];
}

/**
 * The fold of each row, in [0, folds). Stratified: every fold has each class's share, up to one row, or with
 * groups as nearly as groups dealt out one after another, the largest first, allow. `strata` are class indices.
 */
export function assignFolds(strata: ArrayLike<number>, { folds, seed, groups }: FoldOptions): Int32Array {
  const members = new Map<string, number[]>();
  for (let row = 0; row < strata.length; row++) {
    const key = groups?.[row] ?? `row ${row}`;
    const list = members.get(key);
    if (list === undefined) members.set(key, [row]);
    else list.push(row);
  }
  const shuffled = shuffle([...members.values()], createRandom(seed));
  return groups === undefined ? deal(shuffled.flat(), strata, folds) : dealGroups(shuffled, strata, folds);
}

/** Rows class by class, one to each fold in turn, going on where the class before ended. */
function deal(rows: readonly number[], strata: ArrayLike<number>, folds: number): Int32Array {
  const assigned = new Int32Array(rows.length);
  const sorted = [...rows].sort((a, b) => (strata[a] as number) - (strata[b] as number));
  sorted.forEach((row, i) => {
    assigned[row] = i % folds;
  });
  return assigned;
}

/** Each group to the fold that has the fewest rows of the group's classes, relative to how many there are. */
function dealGroups(groups: readonly (readonly number[])[], strata: ArrayLike<number>, folds: number): Int32Array {
  const totals = new Map<number, number>();
  for (let row = 0; row < strata.length; row++) {
    const stratum = strata[row] as number;
    totals.set(stratum, (totals.get(stratum) ?? 0) + 1);
  }
  const counts = Array.from({ length: folds }, () => new Map<number, number>());
  const assigned = new Int32Array(strata.length);
  for (const rows of [...groups].sort((a, b) => b.length - a.length)) {
    const fullness = counts.map((count) =>
      rows.reduce((sum, row) => {
        const stratum = strata[row] as number;
        return sum + (count.get(stratum) ?? 0) / (totals.get(stratum) as number);
      }, 0),
    );
    const fold = fullness.indexOf(Math.min(...fullness));
    for (const row of rows) {
      assigned[row] = fold;
      const count = counts[fold] as Map<number, number>;
      const stratum = strata[row] as number;
      count.set(stratum, (count.get(stratum) ?? 0) + 1);
    }
  }
  return assigned;
}
