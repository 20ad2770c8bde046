import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './program.js';

/** `slm serve` in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** Resident memory, bytes. Linux only; NaN elsewhere. */
  memoryBytes(): number;
  /** Open files and sockets. Linux only; NaN elsewhere. */
  handles(): number;
  isRunning(): boolean;
  /** What it has said on standard error. */
  said(): string;
  /** Ends it as an operator does; how it ended. */
  end(): Promise<number | NodeJS.Signals | null>;
}

/** Starts the built `slm serve` on a free port, without the user's settings. */
export async function startServer(args: readonly string[]): Promise<ServerProcess> {
  if (!existsSync(path.join(root, 'dist', 'bundle', 'main.js'))) throw new Error('run `npm run build` first');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLM_')));
  const child = spawn(process.execPath, [path.join(root, 'bin', 'slm.js'), 'serve', ...args, '--port', '0'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', () => {
      const found = /at (http:\/\/\S+);/u.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then((how) => reject(new Error(`slm serve ended with ${how}: ${said}`)));
  });
  const proc = `/proc/${child.pid}`;
  return {
    url,
    memoryBytes() {
      if (!existsSync(proc)) return Number.NaN;
      return 1024 * Number(/^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1]);
    },
    handles: () => (existsSync(proc) ? readdirSync(`${proc}/fd`).length : Number.NaN),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    said: () => said,
    async end() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
