import { fstatSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { account } from '../app/account.js';
import { scratchFolder } from '../app/scratch.js';
import { isOn } from '../app/surroundings.js';
import { exitCodes, messageOf, refusedBySystem, SlmError } from '../errors.js';
import { writeFailure } from '../jobs/write-failure.js';
import { harmless, sayTo } from '../terminal-text.js';
import { commandsFor } from './commands.js';
import type { CliContext } from './context.js';
import { outliveTerminal, watchSignals } from './interruption.js';
import { OutputClosed } from './output/output.js';
import { createDownloadProgress } from './terminal/download-progress.js';
import { withKnownSize } from './terminal/known-size.js';
import { showPreparation } from './terminal/preparation.js';

interface GlobalFlags {
  quiet?: boolean;
  offline?: boolean;
  remote?: boolean;
  yes?: boolean;
  debug?: boolean;
  color: boolean;
}

const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const { version, description } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
  version: string;
  description: string;
};

// An empty variable is an unset one.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('SLM_') && process.env[name] === '') delete process.env[name];
}

/** What to do about a command that lacks something; the other messages say it themselves. */
function nextStep(problem: string): string {
  const lacks = /missing required argument|required option|argument missing/u.test(problem);
  return lacks ? '     The same command with --help shows what it takes.\n' : '';
}

const program = new Command('slm')
  .description(description)
  .version(version, '-V, --version')
  .option('-q, --quiet', 'print only errors to stderr')
  .option('--offline', 'never use the network')
  .option('--remote', 'allow sending texts to the service of a remote model (docs/remote.md)')
  .option('--yes', 'allow the download of a model that a project file names (docs/privacy.md)')
  .option('--no-color', 'no colours')
  .option('--debug', 'show stack traces and the log of llama.cpp')
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({
    outputError: (text, write) => write(harmless(`${text.replace(/^error: /u, 'slm: ')}${nextStep(text)}`)),
  })
  .exitOverride();

const say = sayTo((text) => process.stderr.write(text));
const closing: (() => Promise<void>)[] = [];
outliveTerminal();
const interruption = watchSignals();
let exitCode: number = exitCodes.ok;
let show: ReturnType<typeof showPreparation> | null = null;

/** Terminals that know no escape sequences, such as shells in Emacs, say so. */
const isDumb = process.env.TERM === 'dumb';
const isColorForced = (process.env.FORCE_COLOR ?? '0') !== '0';

const own = account();
// The bindings of llama.cpp ask the system where they load, and fail where it knows no home.
process.env.HOME ??= own.home;

const context: CliContext = {
  stdin: announcedInput(),
  stdout: process.stdout,
  print: (text) => void process.stdout.write(harmless(text)),
  stderr: {
    write: say,
    // One that moves no cursor gets plain lines, as a pipe does.
    isTTY: process.stderr.isTTY && !isDumb,
    get columns() {
      return process.stderr.columns;
    },
  },
  canvas: withKnownSize(process.stderr, Number(process.env.COLUMNS) || 80),
  env: process.env,
  cwd: process.cwd(),
  ...own,
  temporary: tmpdir(),
  version,
  get color() {
    return program.opts<GlobalFlags>().color && (process.env.NO_COLOR ?? '') === '' && (!isDumb || isColorForced);
  },
  get quiet() {
    return program.opts<GlobalFlags>().quiet === true;
  },
  get offline() {
    const { env } = process;
    return program.opts<GlobalFlags>().offline === true || isOn(env.SLM_OFFLINE) || isOn(env.HF_HUB_OFFLINE);
  },
  get debug() {
    return program.opts<GlobalFlags>().debug === true;
  },
  packageRoot,
  get program() {
    const flags = [
      ...(context.quiet ? ['--quiet'] : []),
      ...(context.offline ? ['--offline'] : []),
      ...(context.debug ? ['--debug'] : []),
    ];
    return [process.execPath, ...process.execArgv, process.argv[1] as string, ...flags];
  },
  get engineLog() {
    if (!context.debug) return null;
    return (line: string) => say(`llama.cpp: ${line.trimEnd()}\n`);
  },
  stdoutIsTerminal: process.stdout.isTTY === true || isColorForced,
  get stdinIsTerminal() {
    return process.stdin.isTTY === true;
  },
  get stdinIsPiped() {
    const stats = fstatSync(0);
    return stats.isFIFO() || (stats.isFile() && stats.size > 0);
  },
  // A terminal that does not know its size says 0.
  columns: process.stdout.columns || Number(process.env.COLUMNS) || 120,
  scratch: scratchFolder(tmpdir(), (remove) => {
    process.on('exit', remove);
    interruption.onDeath(remove);
  }),
  now: () => performance.now(),
  date: () => Date.now(),
  memoryBytes: () => process.memoryUsage.rss(),
  // In kilobytes, by definition of getrusage as Node passes it on.
  peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
  notice(text) {
    if (!context.quiet) say(`slm: ${text}\n`);
  },
  preparing: (preparation) => {
    show ??= showPreparation(context);
    show(preparation);
  },
  // The commands that measure and tune show how far they are.
  measuring: () => undefined,
  tuning: () => undefined,
  downloads: () => createDownloadProgress(context),
  hostOutput: (chunk) => void process.stderr.write(chunk),
  interrupted: () => interruption.signal.aborted,
  signal: interruption.signal,
  exit(code) {
    if (exitCode === exitCodes.ok) exitCode = code;
  },
  onClose: (action) => closing.push(action),
};

program.hook('preAction', () => {
  if (program.opts<GlobalFlags>().yes === true) process.env.SLM_YES = '1';
  if (program.opts<GlobalFlags>().remote === true) process.env.SLM_REMOTE = '1';
});
for (const command of await commandsFor(process.argv.slice(2), context)) program.addCommand(inherit(command));

const defectHint = 'This is a defect of slm; run again with --debug for a report.';

// A file that may not become larger (ulimit -f) is an error of writing, not the end.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined);
/** Why standard output did not take everything, such as a full disk. */
let unwritten: Error | null = null;
// Whoever reads what is said may go, as the terminal does: results do not depend on it.
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  unwritten ??= error;
});

// Errors that no part of the program waited for, such as one inside a library.
process.on('uncaughtException', (error) => process.exit(report(error)));

// A promise that nobody settles any more lets Node end without a word.
process.once('beforeExit', () => {
  process.stderr.write('slm: unexpected: the work stopped before it was done\n');
  process.stderr.write(`     ${defectHint}\n`);
  process.exit(exitCodes.failure);
});

try {
  await program.parseAsync();
} catch (error) {
  exitCode = report(error);
}
await Promise.race([
  Promise.allSettled(closing.map((close) => close())),
  new Promise((resolve) => setTimeout(resolve, 2000)),
]);
// Streams flush first; an open standard input would keep the process alive.
process.stdout.write('', (error?: NodeJS.ErrnoException | null) => {
  const problem = unwritten ?? (error?.code === 'EPIPE' ? null : error) ?? null;
  if (problem !== null && exitCode === exitCodes.ok) {
    exitCode = report(writeFailure('standard output', problem, 'What was written before is complete.'));
  }
  process.exit(exitCode === exitCodes.interrupted ? interruption.exitCode() : exitCode);
});

function report(thrown: unknown): number {
  const error = refusedBySystem(thrown);
  if (error instanceof OutputClosed) return exitCodes.ok;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (interruption.signal.aborted) return exitCodes.interrupted;
  const known = error instanceof SlmError;
  say(`slm: ${known ? error.message : `unexpected: ${messageOf(error)}`}\n`);
  if (known && error.hint !== undefined) say(`     ${error.hint}\n`);
  if (!known) say(`     ${defectHint}\n`);
  if (context.debug && error instanceof Error) say(`${error.stack ?? ''}\n${causes(error)}`);
  return known ? error.exitCode : exitCodes.failure;
}

/** Standard input; where a person is to type it, they are told so. */
function announcedInput(): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      if (process.stdin.isTTY === true) context.notice('reading from the terminal; end with Ctrl-D');
      return process.stdin[Symbol.asyncIterator]();
    },
  };
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `caused by: ${error.cause.stack ?? ''}\n${causes(error.cause)}` : '';
}

/** Usage errors of a command end up in the one catch above, too. */
function inherit(command: Command): Command {
  command.exitOverride().copyInheritedSettings(program);
  for (const child of command.commands) inherit(child);
  return command;
}
