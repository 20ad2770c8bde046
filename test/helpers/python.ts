import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Python with these packages of PyPI (`name==version`), in a folder of its own that goes away with the process. */
export async function pythonWith(packages: readonly string[]): Promise<{ bin: string; python: string }> {
  const venv = mkdtempSync(path.join(tmpdir(), 'slm-venv-'));
  process.on('exit', () => rmSync(venv, { recursive: true, force: true }));
  await exec(process.env.PYTHON ?? 'python3', ['-m', 'venv', venv]);
  const bin = path.join(venv, 'bin');
  await exec(path.join(bin, 'pip'), ['install', '-q', '--no-compile', '--disable-pip-version-check', ...packages]);
  return { bin, python: path.join(bin, 'python') };
}
