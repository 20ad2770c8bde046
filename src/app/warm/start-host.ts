import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type ErrorKind, failure, SlmError } from '../../errors.js';
import { connect } from '../../host/client.js';
import type { TaskFlags } from '../opening/flags.js';
import type { Surroundings } from '../surroundings.js';
import { hostAddress } from './warm.js';

export interface HostFlags extends TaskFlags {
  /** Milliseconds. */
  keepAlive: number;
}

/** A message of the host to the process that has started it. */
export type HostMessage =
  | { readonly started: { readonly pid: number; readonly model: string } }
  | { readonly problem: { readonly message: string; readonly hint: string | null; readonly kind: ErrorKind } };

/**
 * Sees to it that a host has this task ready: the one that is there, or a new one in the background.
 * @returns null where there was one
 * @throws SlmError that the host could not start with
 */
export async function startHost(
  surroundings: Surroundings,
  task: string,
  flags: HostFlags,
): Promise<{ pid: number; model: string } | null> {
  const { program } = surroundings;
  if (program === null) throw failure('this program cannot be started again as a warm host');
  const address = await hostAddress(surroundings, task, flags, true);
  if (address === null) throw noPlace();
  const there = await connect(address.socket, address.identity);
  if (there !== null) {
    there.close();
    return null;
  }
  // Nothing that it writes later goes anywhere, unless asked for: then into a file of ours alone.
  const log = surroundings.engineLog !== null ? openSync(`${address.socket}.log`, 'a', 0o600) : null;
  const child = spawn(program[0] as string, [...program.slice(1), ...hostArguments(task, flags)], {
    cwd: surroundings.cwd,
    env: surroundings.env,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', log ?? 'pipe', 'ipc'],
  });
  if (log !== null) {
    closeSync(log);
    surroundings.notice(`the host writes its log to ${address.socket}.log`);
  }
  child.stderr?.on('data', (chunk: Buffer) => surroundings.hostOutput(chunk));
  try {
    return await outcome(child, surroundings.signal);
  } finally {
    if (child.connected) child.disconnect();
    child.stderr?.destroy();
    child.unref();
  }
}

export function noPlace(): SlmError {
  return failure(
    'there is no folder for sockets that only you can reach',
    'Set XDG_RUNTIME_DIR to a folder of yours with mode 0700, or remove what is in the way (docs/warm.md).',
  );
}

/** The same wishes, in the foreground. */
function hostArguments(task: string, flags: HostFlags): string[] {
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}`, String(value)];
  return [
    'warm',
    task,
    '--foreground',
    ...option('keep-alive', `${flags.keepAlive}ms`),
    ...option('model', flags.model),
    ...option('threads', flags.threads),
    ...option('context-size', flags.contextSize),
    ...option('gpu', flags.gpu),
    ...option('threshold', flags.threshold),
    ...option('among', flags.among?.join(',')),
    ...(flags.untuned === true ? ['--untuned'] : []),
    ...(flags.context ?? []).flatMap((document) => option('context', document)),
  ];
}

function outcome(child: ChildProcess, signal: AbortSignal): Promise<{ pid: number; model: string }> {
  return new Promise((resolve, reject) => {
    const interrupt = () => {
      child.kill();
      reject(new SlmError('interrupted', 'interrupted'));
    };
    signal.addEventListener('abort', interrupt, { once: true });
    child.once('error', (error) => reject(failure(`the host cannot start: ${error.message}`, undefined, error)));
    child.once('exit', (code, ended) =>
      reject(failure(`the host ended at once, ${code === null ? `by ${ended}` : `with exit code ${code}`}`)),
    );
    child.on('message', (sent) => {
      const message = sent as HostMessage;
      if ('started' in message) {
        signal.removeEventListener('abort', interrupt);
        resolve(message.started);
      } else {
        const { kind, message: text, hint } = message.problem;
        reject(new SlmError(kind, text, hint === null ? {} : { hint }));
      }
    });
  });
}
