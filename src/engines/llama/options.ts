import type { ValuePlace } from '../../gguf/value-blocks.js';
import type { Capability, TextPrefixes } from '../../types.js';
import type { Shape } from '../shape.js';
import type { Arithmetic } from './arithmetic.js';
import type { HeadStart } from './patches/head-start.js';

/** `auto` takes what is there. Everything but `cpu` needs the packages that docs/install.md names. */
export type Accelerator = 'cpu' | 'auto' | 'cuda' | 'vulkan' | 'metal';

/** Capabilities of llama.cpp with any model. */
export const capabilities = ['scores', 'generation', 'features'] as const satisfies readonly Capability[];

/** The same of an embedding model. */
export const embedderCapabilities = ['embeddings'] as const satisfies readonly Capability[];

export interface EngineOptions {
  readonly path: string;
  readonly name?: string;
  readonly sha256?: string | null;
  /** Whether the file was made of the model that `name` and `sha256` say. */
  readonly derived?: boolean;
  /** `chat` models get the chat prompt of a profile. Defaults to whether the file has a template. */
  readonly format?: 'base' | 'chat';
  /** Overrides the file's own template (Jinja). */
  readonly chatTemplate?: string;
  /** Tokens a slot holds. Defaults to 2,048, or the trained length if that is shorter. */
  readonly contextSize?: number;
  /** Threads in all. Defaults to what affinity and cgroup allow. */
  readonly threads?: number;
  /**
   * `many` is for streams of records (on 2 cores twice the records a second of one slot, and steady beside other
   * work), `one` for a single record; shape.ts says what comes of it.
   */
  readonly parallel?: 'one' | 'many';
  /** The shape measured as best on this machine. It replaces what `threads` and `parallel` would give. */
  readonly shape?: Shape;
  /** Another batch, or another way of attention, than results are computed with: they give other numbers. */
  readonly arithmetic?: Partial<Arithmetic>;
  readonly accelerator?: Accelerator;
  readonly onLog?: (line: string) => void;
  /** Places of the values in files with blocks that output them. */
  readonly values?: readonly ValuePlace[];
  /** The model under way (head-start.ts). */
  readonly headStart?: HeadStart | null;
  /** Ends what is under way: calls are rejected at once; llama.cpp itself ends the batch that it is at. */
  readonly signal?: AbortSignal;
  /** Where evaluated prefixes are kept for the next process, and the time. Defaults to nowhere. */
  readonly prefixes?: { readonly directory: string; readonly now: () => number };
}

/** The same for an embedding model. */
export type EmbedderOptions = Pick<
  EngineOptions,
  'path' | 'name' | 'sha256' | 'threads' | 'accelerator' | 'onLog' | 'headStart' | 'signal'
> & {
  /** Tokens that are read at once; longer texts in parts. Defaults to 512, or the trained length if that is shorter. */
  readonly contextSize?: number;
  /** Prefixes that the model expects before a text; none by default. */
  readonly textPrefixes?: Partial<TextPrefixes>;
};
