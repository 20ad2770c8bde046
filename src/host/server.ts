import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { failure, messageOf } from '../errors.js';
import { predict, type Task } from '../predict.js';
import { codeOf } from '../refusal.js';
import type { InputRecord, Prediction } from '../types.js';
import { askStatus } from './client.js';
import { onMessages, send } from './framing.js';
import { removeDead, socketStamp } from './place.js';
import { type Hosted, type HostStatus, type Identity, type Reply, requestOf } from './protocol.js';
import { createTurns, type Guest } from './turns.js';

export interface HostOptions {
  readonly socket: string;
  readonly identity: Identity;
  readonly task: Task;
  /** The facts about the host that clients are told. */
  readonly hosted: Hosted;
  readonly keepAliveMs: number;
  /** Throws when a result may have come from a model that was written to since it was loaded. */
  readonly checkModel: () => void;
  /** Whether task, documents and model are still what they were when they were loaded. */
  readonly isCurrent: () => Promise<boolean>;
  readonly now: () => number;
  readonly memoryBytes: () => number;
  /** Ends the host. */
  readonly signal: AbortSignal;
}

const tickMs = 1000;

/** Thrown by `listen` when a live host has this socket already. */
export class AlreadyThere extends Error {
  override readonly name = 'AlreadyThere';
  readonly status: HostStatus;

  constructor(status: HostStatus) {
    super(`process ${status.pid} has this socket`);
    this.status = status;
  }
}

/** A host that listens. */
export interface Host {
  /** Resolves when the host has ended: nobody came for a while, it was told to, or its task has changed. */
  readonly ended: Promise<void>;
}

/**
 * Listens for clients and does their records. Whoever can open the socket may use it: its folder and its mode let
 * nobody in but the user.
 * @throws AlreadyThere
 */
export async function listen(options: HostOptions): Promise<Host> {
  const sockets = new Set<Socket>();
  /** The clients that have sent a greeting. */
  const clients = new Set<Socket>();
  const join = createTurns(options.task.engine.slots);
  let lastSeen = options.now();
  let records = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  let retired = false;
  /** No new client gets our task or model any more. Clients that started with it are served to their end. */
  const retire = () => {
    if (!retired) {
      withdraw();
      server.close();
    }
    retired = true;
    if (clients.size === 0) end();
  };

  const status = (): HostStatus => ({
    pid: process.pid,
    task: options.task.profile.name,
    model: options.task.engine.model.name,
    memoryBytes: options.memoryBytes(),
    idleMs: clients.size > 0 ? 0 : Math.round(options.now() - lastSeen),
    keepAliveMs: options.keepAliveMs,
    records,
  });

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const client = attend(socket, options, join());
    onMessages(socket, (message) => {
      const request = requestOf(message);
      if (request === null) socket.destroy();
      else if ('status' in request) send(socket, { status: status() } satisfies Reply);
      else if ('stop' in request) end();
      else if ('hello' in request) {
        clients.add(socket);
        void client.greet(request.hello).then((welcome) => {
          if (!welcome) retire();
        });
      } else if ('record' in request) {
        records++;
        void client.work(request.record, request.id);
      }
    });
    socket.on('close', () => {
      client.leave();
      sockets.delete(socket);
      // Asking for the status is no use.
      if (clients.delete(socket)) lastSeen = options.now();
      if (retired && clients.size === 0) end();
    });
  });
  await take(server, options.socket);
  const inode = inodeOf(options.socket);
  const isOurs = () => inodeOf(options.socket) === inode;
  const withdraw = () => {
    if (inode !== null && isOurs()) rmSync(options.socket, { force: true });
  };

  const tick = setInterval(
    () => {
      if (clients.size === 0 && options.now() - lastSeen >= options.keepAliveMs) end();
      // Somebody has removed our socket: no client will ever find us.
      if (!retired && !isOurs()) retire();
    },
    Math.min(tickMs, options.keepAliveMs),
  );
  options.signal.addEventListener('abort', () => end(), { once: true });

  return {
    ended: ended.then(async () => {
      clearInterval(tick);
      withdraw();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    }),
  };
}

/** Serves one client. */
function attend(socket: Socket, options: HostOptions, guest: Guest) {
  const { task, hosted, identity } = options;
  const { engine } = task;
  const abort = new AbortController();
  let welcome = false;
  let underWay = 0;
  let pulse: NodeJS.Timeout | undefined;
  const reply = (message: Reply) => send(socket, message);
  // The pieces of all clients take turns, so that a long document of one does not keep the others waiting.
  const shared: Task = {
    ...task,
    engine: { ...engine, hold: (work) => guest.take(() => engine.hold(work)) },
  };

  return {
    /** False when what we hold is out of date. */
    async greet(hello: Identity): Promise<boolean> {
      const ours = hello.protocol === identity.protocol && hello.program === identity.program;
      if (!ours || hello.key !== identity.key) {
        reply({ refused: 'another program or task' });
        return true;
      }
      // Whatever cannot be read any more has changed, too.
      if (!(await options.isCurrent().catch(() => false))) {
        reply({ refused: 'the task or the model has changed' });
        return false;
      }
      welcome = true;
      reply({ ready: hosted, window: engine.slots * 2 });
      return true;
    },

    async work(record: InputRecord, id: number): Promise<void> {
      if (!welcome) return;
      underWay++;
      pulse ??= setInterval(() => reply({ alive: true }), tickMs);
      try {
        const prediction = await predictOne(shared, record, options.now, abort.signal);
        if (prediction === null) return;
        options.checkModel();
        const { output, error, ms } = prediction;
        reply({
          id,
          ...(output === undefined ? {} : { output }),
          ...(error === undefined ? {} : { error }),
          ms,
        });
      } catch (error) {
        reply({ id, failed: messageOf(error) });
      } finally {
        underWay--;
        if (underWay === 0) {
          clearInterval(pulse);
          pulse = undefined;
        }
      }
    },

    leave(): void {
      abort.abort();
      clearInterval(pulse);
    },
  };
}

/** Null when the client has gone meanwhile. */
async function predictOne(
  task: Task,
  record: InputRecord,
  now: () => number,
  signal: AbortSignal,
): Promise<Prediction | null> {
  async function* one() {
    yield record;
  }
  for await (const prediction of predict(task, one(), { explain: false, now, signal })) return prediction;
  return null;
}

/** Binds the socket, in the place of one that a killed host has left. */
async function take(server: Server, socket: string): Promise<void> {
  try {
    if (process.platform === 'win32') await takePipe(server, socket);
    else await takeSocket(server, socket);
  } catch (error) {
    server.close();
    throw error;
  }
}

async function takePipe(server: Server, pipe: string): Promise<void> {
  try {
    await bind(server, pipe);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    await refuseSecond(pipe);
    await bind(server, pipe);
  }
}

/**
 * The socket is made under another name and gets its own by a link, which fails where that is taken. So it has its mode
 * before anybody sees it, of several hosts one gets the place, and Node, which removes the name that it has bound when it
 * closes, never removes the socket of the next host.
 */
async function takeSocket(server: Server, socket: string): Promise<void> {
  const beside = path.join(path.dirname(socket), `${randomUUID().slice(0, 8)}.new`);
  await bind(server, beside);
  try {
    chmodSync(beside, 0o600);
    while (!give(beside, socket)) {
      const stamp = socketStamp(socket);
      await refuseSecond(socket);
      removeDead(socket, stamp);
    }
  } finally {
    rmSync(beside, { force: true });
  }
}

/** Gives a file a second name; false where there is a file of that name. */
function give(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
  }
  // On a file system without links.
  if (existsSync(name)) return false;
  renameSync(file, name);
  return true;
}

/** @throws where there is a live host, or something that is none */
async function refuseSecond(socket: string): Promise<void> {
  const status = await askStatus(socket);
  if (typeof status === 'object') throw new AlreadyThere(status);
  if (status === 'silent') {
    throw failure(
      `${socket} cannot be used: it is not a socket of yours, or the process that listens there does not answer.`,
      'End that process, or remove the file.',
    );
  }
}

function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function inodeOf(socket: string): number | null {
  if (process.platform === 'win32') return null;
  return statSync(socket, { throwIfNoEntry: false })?.ino ?? null;
}
