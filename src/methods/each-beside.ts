import type { Engine } from '../types.js';

/**
 * Does works on texts of their own: the first on the slot that is kept for the record, the others at the same time where
 * the engine has free slots, else after it, one by one.
 * @returns their results, in their order
 */
export async function eachBeside<T extends readonly unknown[]>(
  engine: Pick<Engine, 'beside'>,
  works: { readonly [K in keyof T]: () => Promise<T[K]> },
): Promise<T> {
  const all = works as readonly (() => Promise<unknown>)[];
  const begun = all.map((work, i) => (i === 0 ? null : engine.beside(work)));
  // One that fails is seen in its turn, unless another has failed before.
  for (const each of begun) each?.catch(() => undefined);
  const results: unknown[] = [];
  for (const [i, work] of all.entries()) results.push(await (begun[i] ?? work()));
  return results as unknown as T;
}
