import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type LiveHost, surplusHosts } from '../../src/app/warm/hosts.js';

const host = (pid: number, gigabytes: number, idleMs: number): LiveHost => ({
  socket: `${pid}.sock`,
  status: { pid, task: 't', model: 'm', memoryBytes: gigabytes * 1e9, idleMs, keepAliveMs: 1e6, records: 0 },
});
const pids = (hosts: readonly LiveHost[]) => hosts.map(({ status }) => status.pid);

it('hosts that hold too much memory together end from the one that was idle for longest', () => {
  const hosts = [host(1, 2, 5000), host(2, 2, 9000), host(3, 2, 0), host(4, 2, 7000)];
  assert.deepEqual(pids(surplusHosts(hosts, 8e9, 3)), []);
  assert.deepEqual(pids(surplusHosts(hosts, 5e9, 3)), [2, 4]);
  // Those in use stay, and so does the new one, however much they hold.
  assert.deepEqual(pids(surplusHosts(hosts, 1e9, 1)), [2, 4]);
});
