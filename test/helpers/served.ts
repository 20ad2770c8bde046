import { randomUUID } from 'node:crypto';
import type { TaskPool } from '../../src/app/serving/pool.js';
import { serve } from '../../src/server/index.js';
import { type ServerContext, usualLimits } from '../../src/server/types.js';
import { fakePool } from './fake-pool.js';

/** What a server needs, around a pool. */
export function serverContext(pool: TaskPool, changes: Partial<ServerContext> = {}): ServerContext {
  return {
    pool,
    version: '1.2.3',
    limits: usualLimits,
    keys: [],
    hostNames: [],
    now: () => performance.now(),
    date: () => Date.now(),
    memoryBytes: () => 1000,
    requestId: randomUUID,
    closing: new AbortController().signal,
    log: () => undefined,
    ...changes,
  };
}

/** A server on a free port of this machine that ends with the test; its address. */
export async function served(
  t: { after(end: () => Promise<void>): void },
  changes: Partial<ServerContext> = {},
  pool: TaskPool = fakePool(),
): Promise<string> {
  const closing = new AbortController();
  const context = serverContext(pool, { closing: closing.signal, ...changes });
  const { url, ended } = await serve(context, { host: '127.0.0.1', port: 0 });
  t.after(async () => {
    closing.abort();
    await ended;
  });
  return url;
}
