import type { Example, TaskProfile } from '../../types.js';
import { labelOf } from '../few-shot.js';

/** With a label on more than this share of the examples, saying always that one would look good. */
const skew = 0.8;

/** Whether nearly all examples have the same label. */
export function isSkewed({ type, multiLabel }: Pick<TaskProfile, 'type' | 'multiLabel'>, examples: readonly Example[]) {
  if (type !== 'classify' || multiLabel) return false;
  const counts = new Map<string, number>();
  for (const example of examples) counts.set(labelOf(example), (counts.get(labelOf(example)) ?? 0) + 1);
  return Math.max(0, ...counts.values()) > skew * examples.length;
}
