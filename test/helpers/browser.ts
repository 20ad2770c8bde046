import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const exec = promisify(execFile);

/** Chromium as systems have it, Debian's first. */
const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** A Chromium for Linux on x64 from the registry of npm; 75 MB, fetched where there is no other. */
const packaged = '@sparticuz/chromium@153.0.0';

/** A browser, or why there is none. SLM_BROWSER names one. */
export async function openBrowser(): Promise<Browser | string> {
  const given = process.env.SLM_BROWSER ?? installed.find((file) => existsSync(file));
  try {
    const executablePath = given ?? (await fetched());
    return await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  } catch (error) {
    return `no browser: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}

async function fetched(): Promise<string> {
  const folder = path.join(tmpdir(), 'slm-test-chromium');
  await exec('npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefix',
    folder,
    packaged,
  ]);
  const file = createRequire(path.join(folder, 'package.json')).resolve('@sparticuz/chromium');
  const { default: found } = (await import(pathToFileURL(file).href)) as {
    default: { executablePath(): Promise<string> };
  };
  return found.executablePath();
}
