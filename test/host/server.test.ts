import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { askStatus, askToStop, connect } from '../../src/host/client.js';
import { type HostStatus, protocol, summaryOf } from '../../src/host/protocol.js';
import { AlreadyThere, type HostOptions, listen } from '../../src/host/server.js';
import type { Task } from '../../src/predict.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { profileWith } from '../helpers/profiles.js';

const predictor = {
  maxPieceTokens: null,
  predict: async () => {
    throw new Error('not asked');
  },
  decide: <T>(output: T) => output,
};

function optionsIn(t: TestContext): HostOptions {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-host-'));
  const end = new AbortController();
  t.after(() => {
    end.abort();
    rmSync(folder, { recursive: true, force: true });
  });
  const task: Task = {
    profile: profileWith(),
    engine: fakeEngine(),
    predictor,
    documents: [],
    constants: '',
    fallback: null,
  };
  return {
    socket: path.join(folder, 'a.sock'),
    identity: { protocol, program: 'test', key: 'k' },
    task,
    hosted: { summary: summaryOf(task), basis: {}, modelFile: { path: '/m', stamp: null } },
    keepAliveMs: 60_000,
    checkModel: () => undefined,
    isCurrent: async () => true,
    now: () => performance.now(),
    memoryBytes: () => 1,
    signal: end.signal,
  };
}

describe('a host', { skip: process.platform === 'win32' }, () => {
  it('outlives messages that are none of the protocol', async (t) => {
    const options = optionsIn(t);
    await listen(options);
    for (const wrong of [
      { hello: null },
      { hello: 1 },
      { hello: { protocol: '2', program: 'test', key: 'k' } },
      { record: null, id: 1 },
      { record: { text: 1, fields: {} }, id: 1 },
      { record: { text: 'a', fields: null }, id: 1 },
      { status: null },
      [],
      {},
    ]) {
      const socket = createConnection(options.socket);
      socket.on('error', () => undefined);
      socket.write(`${JSON.stringify(wrong)}\n`);
      await once(socket, 'close');
    }
    assert.equal(((await askStatus(options.socket)) as HostStatus).pid, process.pid);
  });

  it('that finds another one there says which process that is', async (t) => {
    const options = optionsIn(t);
    await listen(options);
    await assert.rejects(listen(options), (error) => error instanceof AlreadyThere && error.status.pid === process.pid);
  });

  it('takes the place of one that was killed, and of several at once one gets it and keeps it', async (t) => {
    const options = optionsIn(t);
    const left = `require('node:net').createServer().listen(${JSON.stringify(options.socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', left]);
    chmodSync(options.socket, 0o600);
    assert.equal(await askStatus(options.socket), 'gone');
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => listen(options)));
    const lost = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    assert.equal(lost.length, 7);
    for (const reason of lost) assert.ok(reason instanceof AlreadyThere, String(reason));
    assert.deepEqual(readdirSync(path.dirname(options.socket)), ['a.sock']);
    assert.equal(statSync(options.socket).mode & 0o777, 0o600);
    // It looks once a second whether its socket is still there.
    await wait(1200);
    assert.equal(((await askStatus(options.socket)) as HostStatus).pid, process.pid);
  });

  it('that ends leaves the socket of the next one, which has taken its place', async (t) => {
    const options = optionsIn(t);
    const stop = new AbortController();
    const first = await listen({ ...options, signal: stop.signal });
    rmSync(options.socket);
    await listen({ ...options, keepAliveMs: 70_000 });
    stop.abort();
    await first.ended;
    assert.equal(((await askStatus(options.socket)) as HostStatus).keepAliveMs, 70_000);
  });

  it('whose socket was removed serves the clients that it has to their end', async (t) => {
    const options = optionsIn(t);
    const { ended } = await listen(options);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    const client = await connect(options.socket, options.identity);
    assert.ok(client !== null);
    rmSync(options.socket);
    await wait(1300);
    assert.equal(isOver, false);
    client.close();
    await ended;
  });

  it('says whether it ends when it is told to', async (t) => {
    const options = optionsIn(t);
    const { ended } = await listen(options);
    assert.equal(await askToStop(options.socket), true);
    await ended;
    assert.deepEqual(readdirSync(path.dirname(options.socket)), []);
    assert.equal(await askToStop(options.socket), true, 'none is there');
  });

  it('does not take a file that is in the way for another host', async (t) => {
    const options = optionsIn(t);
    writeFileSync(options.socket, '');
    await assert.rejects(listen(options), { kind: 'failure', message: /a\.sock cannot be used/u });
  });
});
