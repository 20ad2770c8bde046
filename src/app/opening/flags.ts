/** Options that every command which loads a model has. */
export interface EngineFlags {
  model?: string;
  threads?: number;
  contextSize?: number;
  gpu?: 'auto' | 'cuda' | 'vulkan' | 'metal';
}

/** Options for opening a task. */
export interface TaskFlags extends EngineFlags {
  threshold?: number;
  /** The labels that a result may have. */
  among?: string[];
  /** Documents to answer from. */
  context?: string[];
  /** As the profile says, whatever was tuned. */
  untuned?: boolean;
}
