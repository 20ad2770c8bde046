import { SlmError, usageError } from '../errors.js';

/** Names the place in the task.yaml (`file:line:column`) where an action throws an SlmError. */
export function placed<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    throw usageError(`${place}: ${error.message}`, error.hint);
  }
}
