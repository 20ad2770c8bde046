import { createConnection, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../refusal.js';
import type { InputRecord, Prediction } from '../types.js';
import { onMessages, send } from './framing.js';
import { isThere, isTrusted } from './place.js';
import type { Hosted, HostStatus, Identity, Reply, Request } from './protocol.js';

/** A host that has accepted us. */
export interface Connection {
  readonly hosted: Hosted;
  /** Records that may be under way at once. */
  readonly window: number;
  /** @throws HostLost when the host will not answer any more; the record can be done elsewhere then */
  predict(record: InputRecord): Promise<Prediction>;
  close(): void;
}

/** The host has gone, or has nothing to say. */
export class HostLost extends Error {
  override readonly name = 'HostLost';
}

/** A host that is there answers within a few milliseconds. */
const greetingMs = 2000;
/** A host at work says every second that it is; one that was stopped (SIGSTOP) does not. */
const silenceMs = 5000;

/** Connects to the host at `socket`; null when there is none that does this task with this program. */
export async function connect(socket: string, identity: Identity): Promise<Connection | null> {
  const stream = await open(socket);
  if (typeof stream === 'string') return null;
  return new Promise((resolve) => {
    const give = (connection: Connection | null) => {
      clearTimeout(timer);
      if (connection === null) stream.destroy();
      resolve(connection);
    };
    const timer = setTimeout(() => give(null), greetingMs);
    const talk = conversation(stream);
    stream.once('close', () => give(null));
    onMessages(stream, (message) => {
      const reply = message as Reply;
      if ('ready' in reply) give({ hosted: reply.ready, window: reply.window, ...talk.calls });
      else if ('refused' in reply) give(null);
      else talk.receive(reply);
    });
    send(stream, { hello: identity } satisfies Request);
  });
}

/** Records under way on one connection. */
function conversation(stream: Socket) {
  const waiting = new Map<
    number,
    { record: InputRecord; resolve(value: Prediction): void; reject(error: Error): void }
  >();
  let lost: HostLost | null = null;
  let nextId = 0;
  let silence: NodeJS.Timeout | undefined;

  function listen(): void {
    clearTimeout(silence);
    if (waiting.size > 0) silence = setTimeout(() => stream.destroy(), silenceMs);
  }

  stream.on('close', () => {
    lost ??= new HostLost('the host has gone');
    for (const { reject } of waiting.values()) reject(lost);
    waiting.clear();
    listen();
  });

  function receive(reply: Reply): void {
    if ('id' in reply) {
      const asked = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('failed' in reply) asked?.reject(new HostLost(reply.failed));
      else if (asked !== undefined) {
        const { output, error, ms } = reply;
        asked.resolve({
          record: asked.record,
          ...(output === undefined ? {} : { output }),
          ...(error === undefined ? {} : { error }),
          ms,
        });
      }
    }
    listen();
  }

  return {
    receive,
    calls: {
      predict: (record: InputRecord) =>
        new Promise<Prediction>((resolve, reject) => {
          if (lost !== null) return reject(lost);
          const id = nextId++;
          waiting.set(id, { record, resolve, reject });
          send(stream, { record, id } satisfies Request);
          listen();
        }),
      close: () => stream.destroy(),
    },
  };
}

/** The state of the host at `socket`; `gone` when nobody listens there, `silent` when there is no answer. */
export async function askStatus(socket: string): Promise<HostStatus | 'gone' | 'silent'> {
  for (let attempt = 0; attempt < 4; attempt++) {
    const stream = await open(socket);
    if (typeof stream === 'string') return stream;
    const reply = await ask(stream, { status: true });
    if (typeof reply === 'object') return 'status' in reply ? reply.status : 'silent';
    if (reply === 'silent') return 'silent';
    // It was about to end.
    await wait(50);
  }
  return 'silent';
}

/** Asks the host to end. Returns whether it does: then it has closed the connection. */
export async function askToStop(socket: string): Promise<boolean> {
  const stream = await open(socket);
  if (typeof stream === 'string') return stream === 'gone';
  return (await ask(stream, { stop: true })) === 'closed';
}

/** The first answer, or why there is none. */
function ask(stream: Socket, request: Request): Promise<Reply | 'closed' | 'silent'> {
  return new Promise((resolve) => {
    const give = (reply: Reply | 'closed' | 'silent') => {
      clearTimeout(timer);
      stream.destroy();
      resolve(reply);
    };
    const timer = setTimeout(() => give('silent'), greetingMs);
    stream.once('close', () => give('closed'));
    onMessages(stream, (message) => give(message as Reply));
    send(stream, request);
  });
}

/** `gone` when nobody listens; `silent` where somebody else might, or where the system lets nobody in just now. */
function open(socket: string): Promise<Socket | 'gone' | 'silent'> {
  if (!isTrusted(socket)) return Promise.resolve(isThere(socket) ? 'silent' : 'gone');
  return new Promise((resolve) => {
    const stream = createConnection(socket);
    stream.once('connect', () => resolve(stream));
    // After the start, an error closes the socket, which settles the promise.
    stream.on('error', (error) => resolve(['ECONNREFUSED', 'ENOENT'].includes(codeOf(error)) ? 'gone' : 'silent'));
  });
}
