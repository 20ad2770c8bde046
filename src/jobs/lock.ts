import {
  closeSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { failure } from '../errors.js';

/** The process that has an output. */
interface Owner {
  readonly host: string;
  /** Where its number counts: containers may share the name of a host, and number processes anew. Null where nobody says. */
  readonly namespace: string | null;
  readonly pid: number;
  /** Tells it from a later process with the same number; null where the system does not say. */
  readonly started: string | null;
}

export interface OutputLock {
  /** Throws when another process has taken the lock over, which it only does when ours looked dead. */
  check(): void;
  release(): void;
}

const heartbeatMs = 10_000;
/** A lock of another host is taken over when its owner has not touched it for this long. */
const staleMs = 120_000;

/**
 * Takes the lock file `path`, or throws when a live process has it. On one host the process number decides, at once:
 * the lock of a killed job is free, that of a stopped one (SIGSTOP) is not. A lock that goes by age alone
 * (proper-lockfile) would keep a killed job waiting and hand out the output of a stopped one. Between hosts, and
 * between containers, age has to do.
 * @param shown what is locked, for messages
 */
export function lockOutput(path: string, shown: string): OutputLock {
  const content = JSON.stringify({
    host: hostname(),
    namespace: ownNamespace(),
    pid: process.pid,
    started: startOf(process.pid),
  } satisfies Owner);
  for (let attempt = 0; !create(path, content); attempt++) {
    const owner = readOwner(path);
    if (owner === 'gone') continue;
    if (attempt >= 10 || isAlive(path, owner)) {
      const who = owner === null ? 'another process' : `process ${owner.pid}`;
      const where = owner === null || isHere(owner) ? '' : ` on ${owner.host}`;
      throw failure(
        `"${shown}" is being written by ${who}${where}.`,
        'Let it finish, or name another output for this job.',
      );
    }
    takeAway(path, owner);
  }
  const beat = setInterval(() => touch(path, content), heartbeatMs);
  beat.unref();
  const isOurs = () => readText(path) === content;
  return {
    check() {
      if (!isOurs())
        throw failure(`another process took over "${shown}"; this one stops.`, 'Its results stay as they are.');
    },
    release() {
      clearInterval(beat);
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

function create(path: string, content: string): boolean {
  try {
    const file = openSync(path, 'wx');
    try {
      writeSync(file, content);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null for a lock that is still being written, or that nobody can read. */
function readOwner(path: string): Owner | null | 'gone' {
  const text = readText(path);
  if (text === null) return 'gone';
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return null;
  }
}

function isAlive(path: string, owner: Owner | null): boolean {
  if (owner === null || !isHere(owner)) return !isOld(path, owner === null ? 1000 : staleMs);
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(owner.pid);
  return started === null || owner.started === null || started === owner.started;
}

/** Whether its number says something here. */
function isHere({ host, namespace }: Owner): boolean {
  return host === hostname() && namespace === ownNamespace();
}

/** Linux only. */
function ownNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Compares with the clock of the file system, which all hosts that share it agree on. */
function isOld(path: string, ageMs: number): boolean {
  const probe = `${path}.${process.pid}`;
  try {
    closeSync(openSync(probe, 'w'));
    return statSync(probe).mtimeMs - statSync(path).mtimeMs > ageMs;
  } catch {
    return false;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Moved aside first: of two processes that find the same dead lock, one moves it. */
function takeAway(path: string, dead: Owner | null): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readOwner(aside);
  // Somebody was faster, and this is the lock of a live process: back with it.
  if (JSON.stringify(moved) !== JSON.stringify(dead) && moved !== 'gone') renameSync(aside, path);
  else rmSync(aside, { force: true });
}

/** Writes the same again: a new time by the file system's clock. */
function touch(path: string, content: string): void {
  try {
    if (readText(path) === content) writeFileSync(path, content, { flag: 'r+' });
  } catch {
    // `check` will notice.
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** When a process began, in a form that no later process with its number shares. Linux only. */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields 3 and 22, counted after the name in parentheses, which may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Killed, but its parent has not looked yet.
    if (fields[0] === 'Z') return 'dead';
    return `${boot}:${fields[19]}`;
  } catch {
    return null;
  }
}
