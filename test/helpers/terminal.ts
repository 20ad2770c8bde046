import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { binary, collect, exitOf, slmEnv, until } from './slm.js';

/** Whether programs can be run on a terminal here: by `script` of util-linux, whose options others do not have. */
export const hasTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

export interface TerminalOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** 0 where the terminal does not know its size. */
  readonly columns: number;
  /** A command whose output is the standard input of the program, in place of the terminal. */
  readonly piped?: string;
}

/** The built program on a terminal of its own. */
export interface Terminal {
  /** What was drawn so far, with escape sequences. */
  readonly drawn: () => string;
  /** Sends keys, or text that is pasted. */
  readonly send: (keys: string) => void;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Waits until this was drawn since the last `send`, colours aside. */
  readonly see: (text: string) => Promise<void>;
  /** The exit code of the program. */
  readonly ended: Promise<number>;
}

export function onTerminal(t: TestContext, args: readonly string[], options: TerminalOptions): Terminal {
  const { cwd, columns, piped } = options;
  const quoted = [process.execPath, binary, ...args].map((arg) => `'${arg}'`).join(' ');
  const size = `stty cols ${columns} rows ${columns === 0 ? 0 : 24}; `;
  const run = piped === undefined ? `echo "pid $$."; exec ${quoted}` : `${piped} | ${quoted}`;
  const child: ChildProcessWithoutNullStreams = spawn('script', ['-qec', size + run, '/dev/null'], {
    cwd,
    env: slmEnv({ TERM: 'xterm', CI: 'false', ...options.env }),
    stdio: 'pipe',
  });
  child.stdin.on('error', () => undefined);
  t.after(() => child.kill('SIGKILL'));
  const drawn = collect(child.stdout);
  let from = 0;
  return {
    drawn,
    send(keys) {
      from = drawn().length;
      child.stdin.write(keys);
    },
    signal: (name) => process.kill(Number(/pid (\d+)\./u.exec(drawn())?.[1]), name),
    see: (text) =>
      until(() => stripVTControlCharacters(drawn().slice(from)).includes(text), `"${text}" on the terminal`, 30_000),
    ended: exitOf(child),
  };
}
