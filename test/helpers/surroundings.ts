import { homedir, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { scratchFolder } from '../../src/app/scratch.js';
import type { Surroundings } from '../../src/app/surroundings.js';

/** Surroundings of a test: quiet, offline, and in a folder of its own where the changes say so. */
export function surroundingsWith(changes: Partial<Surroundings> = {}): Surroundings {
  return {
    version: '0.0.0',
    cwd: process.cwd(),
    home: homedir(),
    temporary: tmpdir(),
    user: userInfo().username,
    env: {},
    packageRoot: path.resolve(import.meta.dirname, '../..'),
    offline: true,
    stdin: process.stdin,
    signal: new AbortController().signal,
    program: null,
    scratch: scratchFolder(tmpdir(), (remove) => process.on('exit', remove)),
    now: () => performance.now(),
    date: () => Date.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
    notice: () => undefined,
    preparing: () => undefined,
    measuring: () => undefined,
    tuning: () => undefined,
    downloads: () => ({}),
    engineLog: null,
    hostOutput: () => undefined,
    ...changes,
  };
}
