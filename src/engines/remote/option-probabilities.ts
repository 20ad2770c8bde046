import { failure } from '../../errors.js';
import type { DecisionOption } from '../../types.js';

/**
 * The probabilities of the options in their order: 0 for one that the service leaves out, and 1 at most together.
 * @throws SlmError of this record where the service knows none of the options: the first one would win with nothing
 */
export function optionProbabilities(
  reference: string,
  options: readonly DecisionOption[],
  probabilities: ReadonlyMap<string, number>,
): number[] {
  const each = options.map(({ name }) => probabilities.get(name) ?? 0);
  const sum = each.reduce((total, value) => total + value, 0);
  if (sum > 0) return each.map((value) => value / Math.max(1, sum));
  const wanted = firstOf(options.map(({ name }) => name));
  throw failure(
    `${reference} gave no probability of ${wanted}, only of ${firstOf([...probabilities.keys()]) || 'nothing'}`,
    'Does the service know the labels of this task?',
  );
}

function firstOf(names: readonly string[]): string {
  return names
    .slice(0, 5)
    .map((name) => `"${name}"`)
    .join(', ');
}
