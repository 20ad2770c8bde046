import { totalmem } from 'node:os';
import { askStatus, askToStop } from '../../host/client.js';
import { isTrusted, listSockets, refusedFolder, removeDead, socketFolder, socketStamp } from '../../host/place.js';
import type { HostStatus } from '../../host/protocol.js';
import { hostPlace, type Surroundings } from '../surroundings.js';

/** A host and where it listens. */
export interface LiveHost {
  readonly socket: string;
  readonly status: HostStatus;
}

/** The hosts of this user. */
export interface Hosts {
  readonly live: readonly LiveHost[];
  /** Sockets that cannot be trusted, or whose process does not answer, such as a host that was stopped (SIGSTOP). */
  readonly silent: readonly string[];
  /** A folder for sockets that is there and cannot be trusted, so that no host in it is found. */
  readonly refusedFolder: string | null;
}

/** Every host of this user. Sockets that killed ones have left are removed. */
export async function listHosts(surroundings: Surroundings): Promise<Hosts> {
  const place = hostPlace(surroundings);
  const folder = socketFolder(place, false);
  const live: LiveHost[] = [];
  const silent: string[] = [];
  if (folder === null) return { live, silent, refusedFolder: refusedFolder(place) };
  for (const socket of listSockets(folder, place)) {
    const stamp = socketStamp(socket);
    const status = await askStatus(socket);
    if (status === 'gone') removeDead(socket, stamp);
    else if (status === 'silent') silent.push(socket);
    else live.push({ socket, status });
  }
  return { live, silent, refusedFolder: null };
}

/** Says which hosts cannot be shown or ended, if there are some. */
export function noticeHidden(surroundings: Surroundings, { silent, refusedFolder }: Hosts): void {
  if (refusedFolder !== null)
    surroundings.notice(
      `${refusedFolder} is not a folder that only you can reach, so hosts in it are not used; chmod 700, or remove it`,
    );
  for (const socket of silent)
    surroundings.notice(
      isTrusted(socket)
        ? `${socket} does not answer: its process may be stopped (Ctrl-Z, SIGSTOP); \`fuser ${socket}\` gives its number`
        : `${socket} is not a socket that only you can reach, so it is not used; chmod 600, or remove it`,
    );
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
  const { live } = await listHosts(surroundings);
  for (const { socket, status } of surplusHosts(live, totalmem() / 2, started)) {
    if (!(await askToStop(socket))) continue;
    surroundings.notice(
      `stopped ${status.task} on ${status.model} (process ${status.pid}): warm hosts held more than half of the memory`,
    );
  }
  return live.find(({ status }) => status.pid === started)?.status.memoryBytes ?? null;
}
