/** The library: tasks for programs, as the command line does them. docs/library.md describes it. */

export { SlmError, type SlmErrorCode } from './errors.js';
export { type LocalModel, resolveModel } from './library/models.js';
export { type Failed, type Input, type OpenOptions, type OpenTask, open } from './library/open.js';
export type * from './library/results.js';
export type { PlaceOptions, SlmEvent } from './library/surroundings.js';
export { type ListedTask, listTasks } from './library/tasks.js';
