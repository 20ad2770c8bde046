import { exitCodes } from '../errors.js';

/** How long the work may take to end by itself after a signal. */
const graceMs = 1200;

const variable = 'SLM_SUPERVISED';
const supervised = process.env[variable] === '1' && process.send !== undefined;
// Not for processes that this one starts.
delete process.env[variable];

/** Environment that tells a process that it is supervised (supervisor.ts). */
export const supervisedEnv: Readonly<Record<string, string>> = { [variable]: '1' };

export function isSupervised(): boolean {
  return supervised;
}

export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** The exit code that the signal asks for. */
  exitCode(): number;
}

/**
 * Ends the process on SIGINT and SIGTERM: the first one asks the work to end; a second one, or `graceMs` without an
 * end, ends the process. llama.cpp cannot be stopped within a batch, which takes seconds for a large model on a busy
 * machine, and `process.exit` waits for it, because Node joins its pool of threads. So the process then sends itself
 * the signal without a handler: a shell sees the same code, 130 or 143.
 */
export function watchSignals(): Interruption {
  const abort = new AbortController();
  let code: number = exitCodes.interrupted;
  if (supervised) {
    // A terminal sends SIGINT to both; the one that stands over this one passes it on.
    process.on('SIGINT', () => undefined);
    process.once('message', () => abort.abort());
    process.once('disconnect', () => process.exit(code));
    process.channel?.unref();
    return { signal: abort.signal, exitCode: () => code };
  }
  for (const [signal, itsCode] of [
    ['SIGINT', exitCodes.interrupted],
    ['SIGTERM', exitCodes.terminated],
  ] as const) {
    process.on(signal, () => {
      if (abort.signal.aborted) die(signal);
      code = itsCode;
      setTimeout(() => die(signal), graceMs).unref();
      abort.abort();
    });
  }
  return { signal: abort.signal, exitCode: () => code };
}

function die(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
