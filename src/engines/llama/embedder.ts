import type { EngineWith } from '../../types.js';
import { type EmbedderOptions, embedderCapabilities } from './options.js';

/** Encoders that llama.cpp reads: they give a vector for a text, and no next token. */
const encoders = new Set([
  'bert',
  'eurobert',
  'gemma-embedding',
  'jina-bert-v2',
  'jina-bert-v3',
  'modern-bert',
  'neo-bert',
  'nomic-bert',
  'nomic-bert-moe',
]);

/** llama.cpp in this process: GGUF files of embedding models. */
export const embedder = {
  kind: 'file' as const,
  title: 'llama.cpp (embeddings)',
  capabilities: embedderCapabilities,
  reads: (architecture: string) => encoders.has(architecture),
  open: async (options: EmbedderOptions): Promise<EngineWith<'embeddings'>> =>
    (await import('./open-embedder.js')).openEmbedder(options),
};
