import type { Example } from '../../types.js';
import { memo } from './memo.js';

/**
 * A function that fits once for each list of examples, and once for all lists that hold all of them in whatever order:
 * the last trial of a candidate and what is installed are fitted on the same.
 * @param reorder the same for the examples in this order of rows
 */
export function onceForAll<T>(
  all: readonly Example[],
  fit: (list: readonly Example[]) => Promise<T>,
  reorder: (fitted: T, rows: readonly number[]) => T,
): (list: readonly Example[]) => Promise<T> {
  const rowOf = new Map(all.map((example, row) => [example, row]));
  const fitted: (list: readonly Example[]) => Promise<T> = memo(async (list: readonly Example[]) => {
    if (list === all || list.length !== all.length) return fit(list);
    const rows = list.map((example) => rowOf.get(example) ?? -1);
    return rows.includes(-1) ? fit(list) : reorder(await fitted(all), rows);
  });
  return fitted;
}
