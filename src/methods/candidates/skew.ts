import { taskTypes } from '../../task-types/index.js';
import type { Example, TaskProfile } from '../../types.js';

/** Returns whether nearly all examples have the same label. */
export function isSkewed({ type, multiLabel }: Pick<TaskProfile, 'type' | 'multiLabel'>, examples: readonly Example[]) {
  const golds = examples.map(({ gold }) => gold);
  return taskTypes[type].isSkewed(multiLabel, golds);
}
