import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, symlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { serve } from '../../src/server/index.js';
import { fakePool } from '../helpers/fake-pool.js';
import { served, serverContext } from '../helpers/served.js';
import { tempFolder } from '../helpers/slm.js';

const unix = { skip: process.platform === 'win32' };

test('a socket whose owner is too busy to answer is not taken for one that a killed server left', unix, async (t) => {
  const socket = path.join(tempFolder(t), 'busy.sock');
  const listen = `require('node:net').createServer().listen({ path: ${JSON.stringify(socket)}, backlog: 1 }, () => console.log('there'))`;
  const owner = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  const waiting: Socket[] = [];
  t.after(() => {
    for (const one of waiting) one.destroy();
    owner.kill('SIGKILL');
  });
  await once(owner.stdout, 'data');
  owner.kill('SIGSTOP');
  // Until the system lets nobody in any more.
  for (let refused = false; !refused && waiting.length < 100; ) {
    const one = connect(socket);
    waiting.push(one);
    refused = await new Promise<boolean>((resolve) => {
      one.once('connect', () => resolve(false)).once('error', () => resolve(true));
    });
  }
  await assert.rejects(serve(serverContext(fakePool()), { socket }), { message: /something else does$/ });
  assert.ok(lstatSync(socket).isSocket());
});

test('a socket that cannot be made has advice for sockets, and a port has advice for ports', async (t) => {
  const refused = (hint: string) => ({ kind: 'failure', message: /^cannot listen on .*: something else does$/, hint });
  const port = Number(new URL(await served(t)).port);
  const taken = serve(serverContext(fakePool()), { host: '127.0.0.1', port });
  await assert.rejects(taken, refused('Choose another with --port.'));
  if (unix.skip) return;
  const socket = path.join(tempFolder(t), 'link.sock');
  symlinkSync('nowhere', socket);
  await assert.rejects(serve(serverContext(fakePool()), { socket }), refused('Choose another path.'));
  assert.equal(existsSync(socket), false);
});
