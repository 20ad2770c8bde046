import { usageError } from '../../errors.js';
import type { TaskProfile } from '../../types.js';
import { countsOf, listed } from '../label-counts.js';

/** With a label on more than this share of the examples, saying always that one would look good. */
const skew = 0.8;

/** Returns whether nearly all examples have the same label. */
export function isSkewed(labels: readonly string[]): boolean {
  return Math.max(0, ...countsOf([], labels).values()) > skew * labels.length;
}

/**
 * Warnings about labels that are rare or missing.
 * @param examples the labels of each example
 * @throws SlmError when there is nothing to tell apart
 */
export function checkLabels(
  examples: readonly (readonly string[])[],
  { labels, multiLabel }: Pick<TaskProfile, 'labels' | 'multiLabel'>,
): string[] {
  const names = labels.map(({ name }) => name);
  const counts = countsOf(names, examples.flat());
  const present = [...counts].filter(([, count]) => count > 0);
  if (present.length < 2 && !multiLabel) {
    throw usageError(
      `all ${examples.length} examples have the label "${present[0]?.[0]}"; there is nothing to tell apart.`,
      'Add examples of the other labels.',
    );
  }
  const missing = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
  const rare = present.filter(([, count]) => count < 5).map(([name]) => name);
  return [
    ...(missing.length > 0 ? [`no example has ${listed(missing)}: what is tuned will hardly ever say so`] : []),
    ...(rare.length > 0 ? [`fewer than 5 examples have ${listed(rare)}`] : []),
  ];
}
