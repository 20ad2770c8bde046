import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Internal, importInternal, modulesFolder } from './internals.js';

/** The parts of the library that the engine uses at run time. */
type Library = Pick<
  typeof import('node-llama-cpp'),
  'GgufInsights' | 'getLlama' | 'Llama' | 'LlamaGrammarEvaluationState' | 'LlamaLogLevel' | 'LlamaVocabularyType'
>;

/** Where these are. */
export const places: Readonly<Record<keyof Library, Internal>> = {
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

/** Version of node-llama-cpp. */
export function libraryVersion(): string {
  const manifest = path.join(modulesFolder(), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
