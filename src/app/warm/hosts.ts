import { rmSync } from 'node:fs';
import { askStatus } from '../../host/client.js';
import { listSockets, socketFolder } from '../../host/place.js';
import type { HostStatus } from '../../host/protocol.js';
import { hostPlace, type Surroundings } from '../surroundings.js';

/** Every host of this user that is alive. Sockets that killed ones have left are removed. */
export async function listHosts(context: Surroundings): Promise<{ socket: string; status: HostStatus }[]> {
  const place = hostPlace(context);
  const folder = socketFolder(place, false);
  if (folder === null) return [];
  const hosts: { socket: string; status: HostStatus }[] = [];
  for (const socket of listSockets(folder, place)) {
    const status = await askStatus(socket);
    if (status === 'gone') rmSync(socket, { force: true });
    else if (status !== 'silent') hosts.push({ socket, status });
  }
  return hosts;
}
