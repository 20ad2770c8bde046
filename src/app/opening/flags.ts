/** Options that every command which loads a model has. */
export interface EngineFlags {
  model?: string;
  threads?: number;
  contextSize?: number;
  gpu?: 'auto' | 'cuda' | 'vulkan' | 'metal';
}
