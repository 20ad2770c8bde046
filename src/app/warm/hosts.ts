import { rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { askStatus, askToStop } from '../../host/client.js';
import { listSockets, socketFolder } from '../../host/place.js';
import type { HostStatus } from '../../host/protocol.js';
import { hostPlace, type Surroundings } from '../surroundings.js';

/** A host and where it listens. */
export interface LiveHost {
  readonly socket: string;
  readonly status: HostStatus;
}

/** Every host of this user that is alive. Sockets that killed ones have left are removed. */
export async function listHosts(surroundings: Surroundings): Promise<LiveHost[]> {
  const place = hostPlace(surroundings);
  const folder = socketFolder(place, false);
  if (folder === null) return [];
  const hosts: LiveHost[] = [];
  for (const socket of listSockets(folder, place)) {
    const status = await askStatus(socket);
    if (status === 'gone') rmSync(socket, { force: true });
    else if (status !== 'silent') hosts.push({ socket, status });
  }
  return hosts;
}

/**
 * The hosts to end so that all together hold at most `mostBytes`: those that nobody has used for longest. Hosts in use
 * and the one of process `keep` stay.
 */
export function surplusHosts(hosts: readonly LiveHost[], mostBytes: number, keep: number): LiveHost[] {
  let total = hosts.reduce((sum, { status }) => sum + status.memoryBytes, 0);
  const idle = hosts.filter(({ status }) => status.idleMs > 0 && status.pid !== keep);
  const surplus: LiveHost[] = [];
  for (const host of idle.sort((a, b) => b.status.idleMs - a.status.idleMs)) {
    if (total <= mostBytes) break;
    surplus.push(host);
    total -= host.status.memoryBytes;
  }
  return surplus;
}

/**
 * Ends idle hosts after another has started, where all together hold more than half of the memory. Returns the memory of
 * the new one, bytes.
 */
export async function boundHosts(surroundings: Surroundings, started: number): Promise<number | null> {
  const hosts = await listHosts(surroundings);
  for (const { socket, status } of surplusHosts(hosts, totalmem() / 2, started)) {
    await askToStop(socket);
    surroundings.notice(
      `stopped ${status.task} on ${status.model} (process ${status.pid}): warm hosts held more than half of the memory`,
    );
  }
  return hosts.find(({ status }) => status.pid === started)?.status.memoryBytes ?? null;
}
