import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { exitCodes, failure, modelError } from '../errors.js';
import type { CliContext } from './context.js';
import { endingSignals, isSupervised, supervisedEnv } from './interruption.js';

/** How long the child may take to end by itself. */
const graceMs = 1000;

/** Where llama.cpp does not believe a file, it aborts; where it does wrongly, it reads memory that is not there. */
const crashes = [constants.signals.SIGABRT, constants.signals.SIGSEGV, constants.signals.SIGBUS].map(
  (signal) => 128 + signal,
);

/**
 * Runs this very command in a process of its own and waits for it. Training and resampling keep the thread of their
 * process busy for up to minutes, in which it cannot react to a signal; this process always can.
 * @returns false in the child, which is to do the work
 */
export async function supervise(context: CliContext): Promise<boolean> {
  if (isSupervised()) return false;
  if (context.interrupted()) {
    context.exit(exitCodes.interrupted);
    return true;
  }
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...supervisedEnv },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    if (child.connected) child.send('stop');
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      // It may have hidden the cursor.
      if (context.stderr.isTTY === true) process.stderr.write('\u001B[?25h');
      context.notice('interrupted');
    }, graceMs);
  };
  context.signal.addEventListener('abort', stop, { once: true });
  // A second signal ends this process before the child is told anything, and the child may be busy for minutes.
  for (const signal of Object.keys(endingSignals)) {
    process.prependListener(signal as NodeJS.Signals, () => {
      if (context.interrupted()) child.kill('SIGKILL');
    });
  }
  const code = await ended;
  clearTimeout(timer);
  if (context.interrupted()) context.exit(exitCodes.interrupted);
  else if (crashes.includes(code)) {
    throw modelError(
      `the process that did the work crashed (signal ${code - 128}); the model file may be damaged, or memory ran out`,
      '`slm models verify` checks the installed models; `slm models advise` shows how much memory they need.',
    );
  } else if (code > 128) throw failure(`the process that did the work was ended by signal ${code - 128}`);
  else context.exit(code);
  return true;
}
