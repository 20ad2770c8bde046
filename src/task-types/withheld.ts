import type { Prediction } from '../types.js';
import { taskTypes } from './index.js';

/** Returns whether a result was withheld: a label below the threshold, or no answer. */
export function isWithheld({ output }: Prediction): boolean {
  return output !== undefined && taskTypes[output.type].isWithheld(output);
}
