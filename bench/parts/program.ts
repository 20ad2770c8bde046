import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

export const root = path.resolve(import.meta.dirname, '..', '..');

/** Where the public data sets lie unless an argument says otherwise: beside the repository, never in it. */
export const defaultData = path.resolve(root, '..', 'shared', 'data');

/** The file of a fetched model of the catalogue. */
export function modelFile(name: string): string {
  const dataHome = process.env.XDG_DATA_HOME || path.join(homedir(), '.local', 'share');
  return path.join(dataHome, 'slm', 'models', `${name}.gguf`);
}

export interface ProgramOptions {
  /** Standard input; nothing means that it is closed at once. */
  readonly input?: string;
  /** Not the repository by default: there, the built-in tasks count as the user's own. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are no failure. Defaults to 0. */
  readonly codes?: readonly number[];
}

export interface ProgramResult {
  readonly stdout: string;
  /** Wall time from start to exit. */
  readonly seconds: number;
  /** Most memory that it and its children held together, sampled; null where the system does not tell (not Linux). */
  readonly peakBytes: number | null;
}

/** Runs the built `slm` without the user's settings; what it says on standard error is passed on. */
export function runSlm(args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  if (!existsSync(path.join(root, 'dist', 'bundle', 'main.js'))) throw new Error('run `npm run build` first');
  return runProgram(process.execPath, [path.join(root, 'bin', 'slm.js'), ...args], options);
}

export function runProgram(
  command: string,
  args: readonly string[],
  { input = '', cwd, env = {}, codes = [0] }: ProgramOptions,
): Promise<ProgramResult> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLM_')));
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...inherited, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    let peakBytes: number | null = null;
    const watch = setInterval(() => {
      const held = memoryOf(child.pid ?? 0);
      if (held !== null) peakBytes = Math.max(peakBytes ?? 0, held);
    }, 200);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A program that ends early closes its input; the exit code tells.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
    child.on('close', (code) => {
      clearInterval(watch);
      const seconds = (performance.now() - start) / 1000;
      if (code !== null && codes.includes(code))
        resolve({ stdout: Buffer.concat(chunks).toString(), seconds, peakBytes });
      else reject(new Error(`${path.basename(command)} ${args.join(' ')} ended with ${code}`));
    });
    child.stdin.end(input);
  });
}

/** Resident memory of a process and its children, by Linux; null elsewhere, or where it has ended. */
function memoryOf(pid: number): number | null {
  try {
    const kilobytes = Number(/^VmRSS:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + (memoryOf(Number(child)) ?? 0), kilobytes * 1024);
  } catch {
    return null;
  }
}
