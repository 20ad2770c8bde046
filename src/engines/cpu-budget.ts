import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Cores that this process may really use: the affinity mask, then the cgroup quota (v2, v1) rounded down, at
 * least 1. More threads than that make llama.cpp 10 to 20 times slower, because its threads wait for each other
 * by spinning. Node 20 knows the affinity but not the quota.
 */
export function cpuBudget(read: (path: string) => string = (path) => readFileSync(path, 'utf8')): number {
  const quotas = [quotaV2(read), quotaV1(read)].filter((quota) => quota !== null);
  return Math.max(1, Math.min(availableParallelism(), ...quotas.map((quota) => Math.floor(quota))));
}

function quotaV2(read: (path: string) => string): number | null {
  const [quota, period] = (attempt(() => read('/sys/fs/cgroup/cpu.max')) ?? '').trim().split(' ');
  return quota === undefined || quota === 'max' ? null : ratio(quota, period);
}

function quotaV1(read: (path: string) => string): number | null {
  const quota = attempt(() => read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const period = attempt(() => read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return quota === null ? null : ratio(quota, period ?? undefined);
}

function ratio(quota: string, period: string | undefined): number | null {
  const value = Number(quota) / Number(period);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null; // Not Linux, or no cgroup of that version.
  }
}
