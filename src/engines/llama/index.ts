import { messageOf } from '../../errors.js';
import type { LocalEngine } from '../../types.js';
import { embedder } from './embedder.js';
import type { openHiddenStates } from './hidden-states.js';
import type { measureModel } from './model-speed.js';
import { capabilities, type EngineOptions } from './options.js';
import type { DerivedCheck } from './verify-derived.js';

export type { EngineOptions } from './options.js';
export type { HeadStart } from './patches/head-start.js';

/** llama.cpp in this process: GGUF files of language models. */
export const llama = {
  kind: 'file' as const,
  title: 'llama.cpp',
  capabilities,
  reads: (architecture: string) => !embedder.reads(architecture),
  // Loaded only when a model is: the commands that need none start without the library (0.3 s).
  startLoading: async (file: string) => (await import('./patches/head-start.js')).startLoading(file),
  open: async (options: EngineOptions): Promise<LocalEngine> => (await import('./open-engine.js')).openEngine(options),
  openStates: async (...request: Parameters<typeof openHiddenStates>) =>
    (await import('./hidden-states.js')).openHiddenStates(...request),
  /** The machine as far as speed depends on it. */
  machine: async () => import('./machine-identity.js'),
  /** Measures how fast a model is in several settings. */
  speed: async () => import('./speed-probe.js'),
  /** Measures how fast a model is, and its memory. */
  measureModel: async (...request: Parameters<typeof measureModel>) =>
    (await import('./model-speed.js')).measureModel(...request),
  /** Why it does not start on this machine; null where it does. */
  async problem(): Promise<string | null> {
    try {
      const { startBackend } = await import('./backend.js');
      const backend = await startBackend({ accelerator: 'cpu', threads: 1, onLog: () => undefined, headStart: null });
      await backend.dispose();
      return null;
    } catch (error) {
      return messageOf(error);
    }
  },
  verifyDerived: async (check: DerivedCheck) => (await import('./verify-derived.js')).verifyDerived(check),
};
