import type { LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp';
import { importInternal } from './internals.js';

export interface EmbeddingContextOptions {
  /** Tokens that a text may have, the marks around it among them. */
  readonly contextSize: number;
  readonly threads: number;
  readonly flashAttention: boolean;
}

type ContextClass = new (parts: { readonly _llamaContext: unknown }) => LlamaEmbeddingContext;

/**
 * An embedding context with or without flash attention, which the library's own function does not let choose. On CPUs,
 * flash attention takes twice as long for a text of 16 tokens, as long for one of 80, and half as long for one of 250.
 */
export async function openEmbeddingContext(
  model: LlamaModel,
  { contextSize, threads, flashAttention }: EmbeddingContextOptions,
): Promise<LlamaEmbeddingContext> {
  // An encoder looks at all tokens at once: a batch has to hold the whole text.
  const size = { contextSize, batchSize: contextSize, threads };
  const Context = await contextClass();
  if (Context === null) return model.createEmbeddingContext(size);
  const options = { ...size, flashAttention, _embeddings: true };
  return new Context({ _llamaContext: await model.createContext(options) });
}

async function contextClass(): Promise<ContextClass | null> {
  try {
    const name = 'evaluator/LlamaEmbeddingContext.js';
    return (await importInternal<{ LlamaEmbeddingContext?: ContextClass }>(name)).LlamaEmbeddingContext ?? null;
  } catch {
    return null;
  }
}
