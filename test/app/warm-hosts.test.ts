import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import type { Surroundings } from '../../src/app/surroundings.js';
import { type LiveHost, listHosts, noticeHidden, surplusHosts } from '../../src/app/warm/hosts.js';
import { tempFolder } from '../helpers/slm.js';

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

function around(t: TestContext) {
  const runtime = tempFolder(t);
  const said: string[] = [];
  const surroundings = {
    env: { XDG_RUNTIME_DIR: runtime },
    temporary: runtime,
    user: 'me',
    notice: (text: string) => void said.push(text),
  } as unknown as Surroundings;
  return { folder: path.join(runtime, 'slm'), surroundings, said };
}

it('a host that does not answer is named, and its socket stays', { skip: process.platform === 'win32' }, async (t) => {
  const { folder, surroundings, said } = around(t);
  mkdirSync(folder, { mode: 0o700 });
  const socket = path.join(folder, 'x.sock');
  // As one that was stopped: the system takes the connection, and nobody reads.
  const server = createServer(() => undefined).listen(socket);
  t.after(() => server.close());
  chmodSync(socket, 0o600);
  const hosts = await listHosts(surroundings);
  assert.deepEqual([hosts.live, hosts.silent], [[], [socket]]);
  noticeHidden(surroundings, hosts);
  assert.match(said.join('\n'), /x\.sock does not answer/u);
  assert.ok(existsSync(socket));
  chmodSync(socket, 0o666);
  noticeHidden(surroundings, await listHosts(surroundings));
  assert.match(said.join('\n'), /x\.sock is not a socket that only you can reach/u);
});

it('a folder for sockets that others can reach is named, not taken for one without hosts', {
  skip: process.platform === 'win32',
}, async (t) => {
  const { folder, surroundings, said } = around(t);
  noticeHidden(surroundings, await listHosts(surroundings));
  assert.deepEqual(said, [], 'there is none yet');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  noticeHidden(surroundings, await listHosts(surroundings));
  assert.match(said.join('\n'), /slm is not a folder that only you can reach/u);
});
