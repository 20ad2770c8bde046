import { taskTypes } from './index.js';
import type { Starter } from './types.js';

/** The starters that `slm tasks init --type` offers, by name. */
export const starters: Readonly<Record<string, Starter>> = Object.assign(
  {},
  ...Object.values(taskTypes).map((definition) => definition.starters),
);
