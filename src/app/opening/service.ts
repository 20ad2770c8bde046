import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceReference } from '../../engines/index.js';
import { usageError } from '../../errors.js';
import type { Engine } from '../../types.js';
import { remoteSettings } from '../config.js';
import type { Surroundings } from '../surroundings.js';

/**
 * Makes a model behind a service ready.
 * @throws SlmError of kind `usage` where the network must not be used
 */
export async function openService(
  surroundings: Surroundings,
  reference: string,
  { kind, address }: ServiceReference,
): Promise<Engine> {
  const host = kind.host(address);
  const settings = await remoteSettings(surroundings);
  // A service on this machine needs no network and no permission.
  if (host !== null && surroundings.offline) {
    throw usageError(
      `"${reference}" is a model of ${kind.title}, and --offline (or SLM_OFFLINE, HF_HUB_OFFLINE) forbids using the network.`,
      'Use a model file, or allow the network.',
    );
  }
  if (host !== null && !settings.allow) {
    throw usageError(
      `"${reference}" would send the texts to ${host}.`,
      'If they may leave this machine, use --remote (SLM_REMOTE=1), or set remote.allow in your config.yaml.',
    );
  }
  const { env, signal, notice } = surroundings;
  const { prices, allow: _, ...others } = settings;
  const engine = await kind.open(address, {
    reference,
    ledger: surroundings.ledger ?? [],
    env,
    signal,
    readFile: (file) => readFile(path.resolve(surroundings.cwd, file)),
    date: () => surroundings.date(),
    settings: { ...others, price: prices[reference] ?? null },
    onNotice: (text) => notice(text),
  });
  if (host !== null) notice(`texts, and the examples and labels of the task, are sent to ${host}`);
  return engine;
}
