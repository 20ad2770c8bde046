import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { cpuBudget } from '../cpu-budget.js';
import { libraryVersion } from './patches/library.js';
import { modelIdentity } from './prefix-identity.js';

/** The properties of a machine that the speed of a model depends on. */
export interface MachineIdentity {
  readonly processor: string;
  /** Threads that affinity and cgroup allow. */
  readonly threads: number;
  /** Version of node-llama-cpp. */
  readonly library: string;
}

export function machineIdentity(): MachineIdentity {
  return { processor: cpus()[0]?.model.trim() ?? 'unknown', threads: cpuBudget(), library: libraryVersion() };
}

/** Another processor, quota, engine or model is another key. */
export function machineKey(model: { readonly path: string; readonly sha256: string | null }): string {
  const { processor, threads, library } = machineIdentity();
  return createHash('sha256')
    .update(JSON.stringify([process.platform, process.arch, processor, threads, library, modelIdentity(model)]))
    .digest('hex');
}
