import { statSync } from 'node:fs';
import { constants } from 'node:os';
import type { Random } from '../../src/random.js';
import { collect, exitOf, runSlm, startSlm } from './slm.js';

/** The exit code that a shell sees after SIGKILL. */
const killed = 128 + constants.signals.SIGKILL;

export interface KillLoop {
  /** The run, without its output. */
  readonly args: readonly string[];
  readonly input: string;
  readonly output: string;
  /** Bytes of the whole output; kills are spread over them. */
  readonly totalBytes: number;
  readonly kills: number;
  readonly random: Random;
  readonly log: (line: string) => void;
}

/**
 * Starts a job, kills it (SIGKILL) and resumes it, over and over, then lets it finish. Most kills come while it
 * works, at a random moment after a certain size of the output; one in five in its first second, where files are set up.
 * @returns how many kills there were, and how many of them came while it was starting
 */
export async function runWithKills(loop: KillLoop): Promise<{ kills: number; early: number }> {
  const { output, random, log } = loop;
  const args = [...loop.args, '-o', output, '--resume'];
  const sizeOf = () => statSync(output, { throwIfNoEntry: false })?.size ?? 0;
  let kills = 0;
  let early = 0;
  while (kills < loop.kills) {
    const before = sizeOf();
    const atStart = random.below(5) === 0;
    const target = Math.max(before + 1, (loop.totalBytes * (kills + random.next())) / loop.kills);
    const delayMs = atStart ? random.below(1000) : random.below(150);
    const child = startSlm(args);
    child.stdin.end(loop.input);
    const stderr = collect(child.stderr);
    let ended = false;
    const end = exitOf(child).then((code) => {
      ended = true;
      return code;
    });
    while (!atStart && !ended && sizeOf() < target) await sleep(2);
    await Promise.race([end, sleep(delayMs)]);
    child.kill('SIGKILL');
    const code = await end;
    if (code === 0) {
      log(`finished after ${kills} kills`);
      break;
    }
    if (code !== killed) throw new Error(`exit code ${code}: ${stderr()}`);
    kills++;
    if (atStart) early++;
    log(
      `kill ${kills}: ${atStart ? `${delayMs} ms after its start` : 'at work'}, output ${before} → ${sizeOf()} bytes`,
    );
  }
  const last = await runSlm(args, { input: loop.input });
  if (last.code !== 0) throw new Error(`exit code ${last.code}: ${last.stderr}`);
  log(`${kills} kills, ${early} of them while it was starting; then resumed to its end`);
  return { kills, early };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
