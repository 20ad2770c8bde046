/** The public API: what the command line uses, for programs. */

export { fileCache } from './cache.js';
export { readDocuments } from './documents.js';
export { type EngineOptions, openEngine } from './engine/llama.js';
export { SlmError } from './errors.js';
export { type EvaluateOptions, evaluate, type Report } from './evaluate.js';
export type { Cache, Document, Method, MethodContext } from './methods/types.js';
export { type ModelEnvironment, resolveModel } from './models/index.js';
export { openTask, predict, type Task } from './predict.js';
export { loadProfile } from './profile/index.js';
export { recordOf } from './record.js';
export type * from './types.js';
