import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Modules of node-llama-cpp 3.22.1 that it does not export. Its index also imports its downloader, a quarter of all
 * its modules. The build puts these into one file with the program, so that a start opens a few files, not hundreds.
 */
export const internals = [
  'bindings/getLlama.js',
  'bindings/Llama.js',
  'bindings/types.js',
  'evaluator/LlamaEmbeddingContext.js',
  'evaluator/LlamaGrammarEvaluationState.js',
  'gguf/consts.js',
  'gguf/insights/GgufInsights.js',
  'gguf/parser/GgufV2Parser.js',
  'gguf/utils/convertMetadataKeyValueRecordToNestedObject.js',
] as const;

export type Internal = (typeof internals)[number];

/** Folder of the library's modules. */
export function modulesFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('node-llama-cpp'));
}

/** One of them as a module. Whoever uses one has a way without it. The build replaces this function. */
export async function importInternal<T>(name: Internal): Promise<T> {
  return (await import(pathToFileURL(path.join(modulesFolder(), name)).href)) as T;
}
