import { usageError } from '../errors.js';
import { decisions } from './decisions/index.js';
import { embedder } from './llama/embedder.js';
import { llama } from './llama/index.js';
import { openai } from './openai/index.js';
import { systemone } from './systemone/index.js';
import type { EngineKind, ServiceEngineKind } from './types.js';

export type { EngineOptions, HeadStart } from './llama/index.js';
export type { MeasuredCandidate } from './llama/speed-probe.js';

/** Every kind of engines, by name. The name of a service is the scheme of its model references. */
export const engines = { llama, embedder, openai, systemone, decisions } satisfies Record<string, EngineKind>;

/** The kind that runs a model file of this architecture. */
export function fileEngineOf(architecture: string): (typeof engines)['llama' | 'embedder'] {
  return engines.embedder.reads(architecture) ? engines.embedder : engines.llama;
}

/** A model reference that names a service. */
export interface ServiceReference {
  readonly kind: ServiceEngineKind;
  /** The part after the scheme. */
  readonly address: string;
}

/**
 * The service that a model reference names; null where it is one of a file.
 * @throws SlmError of kind `usage` where the address is none of the service
 */
export function serviceOf(
  reference: string,
  table: Readonly<Record<string, EngineKind>> = engines,
): ServiceReference | null {
  const scheme = /^([a-z][a-z0-9-]+):/u.exec(reference)?.[1] ?? '';
  const kind = Object.hasOwn(table, scheme) ? table[scheme] : undefined;
  if (kind?.kind !== 'service') return null;
  const address = reference.slice(scheme.length + 1);
  const problem = kind.problem(address);
  if (problem !== null) throw usageError(`the model "${reference}" is no model of ${kind.title}: ${problem}`);
  return { kind, address };
}
