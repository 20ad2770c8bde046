import type { ServiceReference } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import type { Engine } from '../../types.js';
import type { Surroundings } from '../surroundings.js';

/**
 * Makes a model behind a service ready.
 * @throws SlmError of kind `usage` where the network must not be used
 */
export function openService(
  context: Surroundings,
  reference: string,
  { kind, address }: ServiceReference,
): Promise<Engine> {
  if (context.offline) {
    throw usageError(
      `"${reference}" is a model of ${kind.title}, and --offline (or SLM_OFFLINE, HF_HUB_OFFLINE) says not to use the network.`,
      'Name a model file, or leave it out.',
    );
  }
  const { env, signal, notice } = context;
  return kind.open(address, { reference, env, signal, onNotice: (text) => notice(text) });
}
