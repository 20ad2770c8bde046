import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
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
  /** Aborted by the first signal that ends the program. */
  readonly signal: AbortSignal;
  /** The exit code that the signal asks for. */
  exitCode(): number;
  /** What to do where the process ends by the signal itself, which is no exit for Node. */
  onDeath(action: () => void): void;
}

/**
 * Lets a process end with its own exit code where a terminal that it began with has gone: at its end, Node sets terminals
 * back to how they were, and aborts (134, with a core dump) where it cannot. It leaves closed descriptors alone.
 */
export function outliveTerminal(): void {
  const terminals = openTerminals();
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

/** Descriptors of the standard streams that are terminals. */
function openTerminals(): number[] {
  return [0, 1, 2].filter((descriptor) => isatty(descriptor));
}

/** Whether a terminal controls the process, which may be another one than its standard streams. */
function belongsToTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** The signals that ask a program to end, with the exit codes that shells give them. */
export const endingSignals = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp };

/**
 * Ends the process on SIGINT, SIGTERM and SIGHUP: the first one asks the work to end; a second one, or `graceMs` without
 * an end, ends the process. llama.cpp cannot be stopped within a batch, which takes seconds for a large model on a busy
 * machine, and `process.exit` waits for it, because Node joins its pool of threads. So the process then sends itself
 * the signal without a handler: a shell sees the same code, such as 130.
 *
 * SIGHUP says that the terminal has gone. It is ignored where the process reads and writes nothing there, which is what
 * `nohup` wants: Node undoes what `nohup` does about it. Where there is no terminal at all, somebody sends it on purpose.
 */
export function watchSignals(): Interruption {
  const abort = new AbortController();
  let code: number = exitCodes.interrupted;
  const actions: (() => void)[] = [];
  const interruption: Interruption = {
    signal: abort.signal,
    exitCode: () => code,
    onDeath: (action) => void actions.push(action),
  };
  if (supervised) {
    // A terminal sends these to both; the one that stands over this one passes them on.
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    // `timeout` and others send this one to the whole group.
    process.on('SIGTERM', () => {
      code = exitCodes.terminated;
      abort.abort();
    });
    process.once('message', () => abort.abort());
    process.once('disconnect', () => process.exit(code));
    process.channel?.unref();
    return interruption;
  }
  const outlivesTerminal = openTerminals().length === 0 && belongsToTerminal();
  for (const [name, itsCode] of Object.entries(endingSignals)) {
    const signal = name as keyof typeof endingSignals;
    process.on(signal, () => {
      if (signal === 'SIGHUP' && outlivesTerminal) return;
      if (abort.signal.aborted) die(signal, actions);
      code = itsCode;
      setTimeout(() => die(signal, actions), graceMs).unref();
      abort.abort();
    });
  }
  return interruption;
}

function die(signal: NodeJS.Signals, actions: readonly (() => void)[]): void {
  for (const action of actions) action();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
