import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import type { TaskFlags } from '../../app/opening/flags.js';
import { messageOf, usageError } from '../../errors.js';
import type { CliContext } from '../context.js';
import { byteSize, duration, list, opensTasks, port, wholeNumber } from '../options.js';

interface ServeFlags extends TaskFlags {
  port: number;
  host: string;
  unix?: string;
  apiKeyFile?: string;
  allowHost?: string[];
  maxMemory?: number;
  maxBody: number;
  maxRequests: number;
  timeout: number;
  preload?: boolean;
  log?: boolean;
}

/** `slm serve`: the tasks behind HTTP. */
export function serveCommand(context: CliContext): Command {
  return opensTasks(
    new Command('serve')
      .description('answer requests over HTTP, for programs and for people with a browser')
      .argument('[tasks...]', 'tasks to serve (default: all tasks of `slm tasks list`)')
      .addOption(new Option('-p, --port <n>', 'port; 0 takes a free one').argParser(port).default(8080))
      .option('--host <address>', 'address to listen on; 0.0.0.0 admits other machines', '127.0.0.1')
      .addOption(
        new Option('--unix <path>', 'listen on a Unix socket at this path instead').conflicts(['port', 'host']),
      )
      .option('--api-key-file <file>', 'answer only requests with a bearer token from this file (one token a line)')
      .option('--allow-host <names>', 'domains that requests without a key may come by, separated by commas', list)
      .addOption(
        new Option('--max-memory <bytes>', 'unload idle models when this process uses more memory than this').argParser(
          byteSize,
        ),
      )
      .addOption(
        new Option('--max-body <bytes>', 'largest body of a request').argParser(byteSize).default(8 << 20, '8M'),
      )
      .addOption(
        new Option('--max-requests <n>', 'most requests at once; further ones are answered with status 429')
          .argParser(wholeNumber(1))
          .default(64),
      )
      .addOption(
        new Option('--timeout <time>', 'longest time for a request: 90s, 10m')
          .argParser(duration)
          .default(300_000, '5m'),
      )
      .option('--preload', 'load the models now, not at the first request')
      .option('--log', 'write one line to stderr for each request, without its text'),
  ).action(async (tasks: string[], flags: ServeFlags) => serveTasks(context, tasks, flags));
}

async function serveTasks(context: CliContext, tasks: readonly string[], flags: ServeFlags): Promise<void> {
  const keys = flags.apiKeyFile === undefined ? [] : readKeys(flags.apiKeyFile);
  if (keys.length === 0 && flags.unix === undefined && !isLoopback(flags.host))
    context.notice(`anyone who can reach ${flags.host} can use this server; --api-key-file makes it ask for a key`);
  const { openPool } = await import('../../app/serving/pool.js');
  const { serve, usualLimits } = await import('../../server/index.js');
  const pool = await openPool(
    { ...context, signal: afterGrace(context.signal) },
    { tasks, flags, maxMemoryBytes: flags.maxMemory ?? null },
  );
  try {
    if (pool.tasks.length === 0)
      context.notice('there are no tasks, so only questions that bring their own options are answered');
    if (flags.preload === true) for (const task of pool.tasks) await pool.load(task);
    const { url, ended } = await serve(
      {
        pool,
        version: context.version,
        limits: {
          ...usualLimits,
          bodyBytes: flags.maxBody,
          requests: flags.maxRequests,
          requestMs: flags.timeout,
        },
        keys,
        hostNames: flags.unix === undefined ? [flags.host, hostname(), ...(flags.allowHost ?? [])] : null,
        now: context.now,
        date: context.date,
        memoryBytes: context.memoryBytes,
        requestId: randomUUID,
        closing: context.signal,
        log: (line) => {
          if (flags.log === true || line.startsWith('defect')) context.stderr.write(`slm: ${line}\n`);
        },
      },
      flags.unix === undefined ? { host: flags.host, port: flags.port } : { socket: flags.unix },
    );
    context.notice(`serving ${pool.tasks.map(({ name }) => name).join(', ') || 'questions'} at ${url}; Ctrl-C ends it`);
    await ended;
  } finally {
    await pool.close();
  }
}

/** Time that requests have to finish after the server is told to end; a little less than the process itself has. */
const graceMs = 1000;

/** Aborted some time after this signal is. */
function afterGrace(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  signal.addEventListener('abort', () => void setTimeout(() => late.abort(), graceMs).unref(), { once: true });
  return late.signal;
}

function readKeys(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`the file of keys cannot be read: ${messageOf(error)}`, undefined, error);
  }
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw usageError(`"${file}" has no keys`, 'Write one a line.');
  return keys;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/u.test(host);
}
