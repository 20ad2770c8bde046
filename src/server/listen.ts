import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { failure, messageOf, usageError } from '../errors.js';
import { codeOf } from '../refusal.js';
import { createApp } from './app.js';
import type { ServerContext } from './types.js';

/** Where a server listens: a port of an address, or a socket of the file system. */
export type Address = { readonly host: string; readonly port: number } | { readonly socket: string };

/**
 * Serves until the context is closing, then finishes what is begun.
 * @returns where it listens, and a promise of its end
 */
export async function serve(context: ServerContext, address: Address): Promise<{ url: string; ended: Promise<void> }> {
  const server = createServer(getRequestListener(createApp(context).fetch));
  await listening(server, address);
  const ended = new Promise<void>((resolve) => server.on('close', resolve));
  const close = () => {
    server.close();
    // Connections whose last request is finished would stay open for the next one.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.once('close', () => clearInterval(sweep));
    server.closeIdleConnections();
  };
  if (context.closing.aborted) close();
  else context.closing.addEventListener('abort', close, { once: true });
  return { url: urlOf(server, address), ended };
}

async function listening(server: Server, address: Address): Promise<void> {
  if ('socket' in address) {
    // The system says of a missing folder that permission is denied.
    const folder = path.dirname(address.socket);
    if (!existsSync(folder)) throw usageError(`there is no folder "${folder}" for the socket`, 'Make it first.');
    await removeStale(address.socket);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, address)));
    server.once('listening', () => {
      // Only its owner may connect.
      if ('socket' in address) chmodSync(address.socket, 0o600);
      resolve();
    });
    if ('socket' in address) server.listen(address.socket);
    else server.listen(address.port, address.host);
  });
}

/** Removes a socket that a killed server left; one that somebody listens on, or any other file, is not ours. */
async function removeStale(socket: string): Promise<void> {
  if (!existsSync(socket)) return;
  if (!lstatSync(socket).isSocket()) throw usageError(`"${socket}" exists and is no socket`, 'Choose another path.');
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // Any other refusal is that of a socket that somebody has, such as another user.
    probe.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error))));
  });
  if (alive) throw failure(`cannot listen on ${socket}: something else does`, 'Choose another path.');
  rmSync(socket, { force: true });
}

function listenError(error: NodeJS.ErrnoException, address: Address) {
  const where = 'socket' in address ? address.socket : `${address.host}:${address.port}`;
  const another = 'socket' in address ? 'Choose another path.' : 'Choose another with --port.';
  if (error.code === 'EADDRINUSE') return failure(`cannot listen on ${where}: something else does`, another, error);
  return failure(`cannot listen on ${where}: ${messageOf(error)}`, undefined, error);
}

function urlOf(server: Server, address: Address): string {
  if ('socket' in address) return `unix:${address.socket}`;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}
