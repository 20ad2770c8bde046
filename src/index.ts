/** The library: tasks for programs, as the command line does them. docs/library.md describes it. */

export type { TuneReport } from './app/tuning/tune-report.js';
export { SlmError, type SlmErrorCode } from './errors.js';
export type { Report as EvaluationReport } from './evaluate/report.js';
export { type CompareOptions, type ComparisonReport, compare } from './library/compare.js';
export { type EvaluateOptions, evaluate } from './library/evaluate.js';
export type { Input } from './library/inputs.js';
export { type LocalModel, resolveModel } from './library/models.js';
export { type Failed, type OpenOptions, type OpenTask, open, type StreamOptions } from './library/open.js';
export type { DataOptions, LabelledData, ModelOptions, TaskOptions } from './library/options.js';
export type * from './library/results.js';
export type { PlaceOptions, SlmEvent } from './library/surroundings.js';
export { type ListedTask, listTasks } from './library/tasks.js';
export { type TuneOptions, tune } from './library/tune.js';
