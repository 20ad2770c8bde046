import { usageError } from '../errors.js';
import type { Capability, Engine, EngineWith } from '../types.js';
import type { Method } from './types.js';

/** A capability as a message says it. */
const words: Readonly<Record<Capability, string>> = {
  scores: 'log-probabilities of tokens',
  generation: 'generated text',
  features: 'hidden states',
  embeddings: 'embeddings',
  decisions: 'probabilities of given answers',
  chat: 'answers to whole texts',
};

/**
 * Refuses a method on an engine that cannot do what the method needs.
 * @throws SlmError of kind `usage` that names what is missing
 */
export function checkNeeds<Needs extends Capability>(
  method: Pick<Method<Needs>, 'name' | 'needs'>,
  engine: Engine,
): asserts engine is EngineWith<Needs> {
  checkCapabilities(method, engine.model.name, engine.capabilities);
}

/** The same before there is an engine, where it is known what the engine will have. */
export function checkCapabilities(
  { name, needs }: Pick<Method, 'name' | 'needs'>,
  model: string,
  capabilities: readonly Capability[],
): void {
  const missing = needs.filter((need) => !capabilities.includes(need));
  if (missing.length === 0) return;
  const list = (some: readonly Capability[]) => some.map((each) => words[each]).join(' and ') || 'nothing';
  throw usageError(
    `the method "${name}" needs ${list(missing)}, but the engine of ${model} gives only ${list(capabilities)}.`,
    'Use a local GGUF model (`-m gemma-3-270m`), or choose another `method:` in the task.',
  );
}
