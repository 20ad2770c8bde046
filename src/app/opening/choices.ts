import { usageError } from '../../errors.js';
import { withAmong } from '../../task-types/among.js';
import { taskTypes } from '../../task-types/index.js';
import type { TaskProfile } from '../../types.js';
import type { TaskFlags } from './flags.js';

/** The profile with what the command line changes. */
export function withChoices(profile: TaskProfile, { threshold, among }: TaskFlags): TaskProfile {
  if (threshold !== undefined) checkHasThreshold(profile, '--threshold');
  const chosen = withAmong(profile, among);
  return threshold === undefined ? chosen : { ...chosen, threshold: { ...chosen.threshold, min: threshold } };
}

/** @throws SlmError where results of the task have no score that an option could be compared with */
export function checkHasThreshold({ name, type }: TaskProfile, option: string): void {
  if (taskTypes[type].settings.includes('threshold')) return;
  throw usageError(`${option} is for tasks whose results have a score; "${name}" is of type ${type}.`, 'Leave it out.');
}
