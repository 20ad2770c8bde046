import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { askStatus } from '../../src/host/client.js';
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

  it('does not take a file that is in the way for another host', async (t) => {
    const options = optionsIn(t);
    writeFileSync(options.socket, '');
    await assert.rejects(listen(options), { kind: 'failure', message: /a\.sock cannot be used/u });
  });
});
