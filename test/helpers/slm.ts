import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const binary = path.join(root, 'bin', 'slm.js');

export interface SlmOptions {
  /** Standard input; nothing means that it is closed at once. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Defaults to the root of the repository, as in the README. */
  readonly cwd?: string;
  /** Another user, for tests of permissions (unprivileged.ts). */
  readonly user?: { readonly uid?: number; readonly gid?: number };
  /** Defaults to 5 minutes: machines that test are often busy. */
  readonly timeoutMs?: number;
}

export interface SlmResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** One cache a test file: nothing depends on what was run before it, and a calibration is computed once at most. */
const scratch = mkdtempSync(path.join(tmpdir(), 'slm-e2e-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/**
 * The environment of the user without its settings for slm. One thread by default: test files run side by side,
 * and llama.cpp's threads spin while they wait for each other.
 */
export function slmEnv(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SLM_|NO_COLOR$|FORCE_COLOR$|NODE_TEST|HF_HUB_OFFLINE$)/u.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    XDG_CACHE_HOME: path.join(scratch, 'cache'),
    XDG_CONFIG_HOME: path.join(scratch, 'config'),
    SLM_THREADS: '1',
    ...env,
  };
}

/** Starts the built program; the caller talks to it. */
export function startSlm(args: readonly string[], options: SlmOptions = {}): ChildProcessWithoutNullStreams {
  if (!existsSync(path.join(root, 'dist', 'bundle', 'main.js'))) {
    throw new Error('dist/ is missing: these tests run the built program. Run `npm run build` first.');
  }
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: options.cwd ?? root,
    env: slmEnv(options.env),
    ...options.user,
    stdio: 'pipe',
  });
  // A program that ends early closes its input; that is for the exit code to say.
  child.stdin.on('error', () => undefined);
  return child;
}

/** Runs the built program to its end. */
export async function runSlm(args: readonly string[], options: SlmOptions = {}): Promise<SlmResult> {
  const start = performance.now();
  const child = startSlm(args, options);
  const timeoutMs = options.timeoutMs ?? 300_000;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(timer);
  if (timedOut) throw new Error(`slm ${args.join(' ')}: no end after ${timeoutMs} ms\n${stdout()}\n${stderr()}`);
  return { code, stdout: stdout(), stderr: stderr(), ms: performance.now() - start };
}

/** What a stream has given so far. */
export function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Waits for the end of a started program; the exit code as a shell sees it, 128 and the number where it ended by a signal. */
export function exitOf(child: ChildProcessWithoutNullStreams): Promise<number> {
  return new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals])),
  );
}

/** Waits until `holds` does, and fails when it takes longer than a busy machine explains. */
export async function until(holds: () => boolean, what: string, timeoutMs = 120_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts `slm serve` on a free port and gives its address. The caller ends it. */
export async function startServer(...args: string[]) {
  const child = startSlm(['serve', ...args, '--port', '0']);
  const stderr = collect(child.stderr);
  const urlIn = () => /at (http:\/\/\S+);/u.exec(stderr())?.[1];
  await until(() => urlIn() !== undefined || child.exitCode !== null, 'the server to listen');
  return { child, url: urlIn() as string, stderr };
}

/** An empty folder that goes away with the test. */
export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A task of the shared scratch folder with these files; made once. Returns its folder, for the command line. */
export function writeTask(name: string, files: Readonly<Record<string, string>>): string {
  const folder = path.join(scratch, 'tasks', name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  return folder;
}

/** What `slm tasks init --type` makes; made once. */
export async function starterTask(name: string, type: string): Promise<string> {
  const folder = path.join(scratch, 'tasks', name);
  if (!existsSync(folder)) {
    const made = await runSlm(['tasks', 'init', name, '--type', type, '--dir', path.dirname(folder)]);
    assert.equal(made.code, 0, made.stderr);
  }
  return folder;
}

/** Six examples and no fitted calibration: ready in a second on a cold cache. */
export function moodTask(): string {
  const examples = [
    ['What a lovely evening, thank you!', 'good'],
    ['Broken on arrival and nobody answers.', 'bad'],
    ['The best soup I have had in years.', 'good'],
    ['Never again, a complete waste of money.', 'bad'],
    ['Kind staff, clean rooms, great view.', 'good'],
    ['It stopped working after two days.', 'bad'],
  ];
  return writeTask('mood', {
    'task.yaml':
      'name: mood\ntype: classify\nlabels: [good, bad]\nexamples: examples.jsonl\nfixtures: test.jsonl\n' +
      'prompt:\n  instruction: ""\n  base: |\n    Review: {{ text }}\n    Mood:\n  use: base\noptions:\n  shots: 6\n',
    'examples.jsonl': jsonl(examples.map(([text, label]) => ({ text, label }))),
    'test.jsonl': jsonl([
      { id: 't1', text: 'I would come back any time.', label: 'good' },
      { id: 't2', text: 'The food was cold and the waiter rude.', label: 'bad' },
      { id: 't3', text: 'A joy from the first page to the last.', label: 'good' },
      { id: 't4', text: 'Awful smell, awful noise.', label: 'bad' },
    ]),
  });
}

export function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export function linesOf(text: string): string[] {
  if (text === '') return [];
  assert.ok(text.endsWith('\n'), 'the last line is whole');
  return text.slice(0, -1).split('\n');
}

// biome-ignore lint/suspicious/noExplicitAny: results of another process; each test asserts what it reads
export function parsed(text: string): any[] {
  return linesOf(text).map((line) => JSON.parse(line));
}

export function readText(...parts: string[]): string {
  return readFileSync(path.join(root, ...parts), 'utf8');
}

/** What every error looks like: `slm: …`, perhaps a hint, no stack trace, no defect. */
export function assertClearError(result: SlmResult, code: number, message: RegExp): void {
  assert.equal(result.code, code, `exit code; stderr: ${result.stderr}`);
  assert.match(result.stderr, message);
  assertNoTrace(result.stderr);
  const said = linesOf(result.stderr).filter((line) => line.startsWith('slm: '));
  assert.equal(said.length, 1, `one clear line: ${result.stderr}`);
}

export function assertNoTrace(stderr: string): void {
  assert.doesNotMatch(stderr, /^\s+at .*[:)]\d*|node:internal|unexpected:|defect of slm/mu);
}
