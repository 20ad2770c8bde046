import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folder of the library's modules. */
function modulesFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('node-llama-cpp'));
}

/** A module that the library does not export. Whoever uses one has a way without it. */
export async function importInternal<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(modulesFolder(), name)).href)) as T;
}

/** What the engine uses of the library at run time. */
type Library = Pick<
  typeof import('node-llama-cpp'),
  'GgufInsights' | 'getLlama' | 'Llama' | 'LlamaGrammarEvaluationState' | 'LlamaLogLevel' | 'LlamaVocabularyType'
>;

/** Where these are in 3.22.1. The library's index also imports its downloader, a quarter of all its modules. */
export const places: Readonly<Record<keyof Library, string>> = {
  GgufInsights: 'gguf/insights/GgufInsights.js',
  getLlama: 'bindings/getLlama.js',
  Llama: 'bindings/Llama.js',
  LlamaGrammarEvaluationState: 'evaluator/LlamaGrammarEvaluationState.js',
  LlamaLogLevel: 'bindings/types.js',
  LlamaVocabularyType: 'bindings/types.js',
};

async function loadLibrary(): Promise<Library> {
  try {
    const entries = await Promise.all(
      Object.entries(places).map(async ([name, place]) => {
        const value = (await importInternal<Record<string, unknown>>(place))[name];
        if (value === undefined) throw new Error(`${place} has no ${name}`);
        return [name, value] as const;
      }),
    );
    return Object.fromEntries(entries) as unknown as Library;
  } catch {
    return import('node-llama-cpp');
  }
}

export const { GgufInsights, getLlama, Llama, LlamaGrammarEvaluationState, LlamaLogLevel, LlamaVocabularyType } =
  await loadLibrary();

/** Of node-llama-cpp. */
export function libraryVersion(): string {
  const manifest = path.join(modulesFolder(), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
