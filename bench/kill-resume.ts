/**
 * Kills a job over and over and resumes it, and compares its output with that of an unbroken run.
 *
 *     node --import tsx bench/kill-resume.ts [kills] [seed] [model]
 *
 * Runs the built program (`npm run build`) with the real model. Exit code 1 when a byte differs.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRandom } from '../src/random.js';
import { runWithKills } from '../test/helpers/kill-loop.js';
import { moodTask, runSlm } from '../test/helpers/slm.js';

const [kills = '50', seed = '1', model = 'smollm2-135m-instruct'] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'slm-kill-'));
const say = (line: string) => process.stdout.write(`${line}\n`);
const start = performance.now();
let wrong = 0;
for (const format of ['jsonl', 'csv'] as const) {
  const input = Array.from(
    { length: Number(kills) * 3 },
    (_, i) => `Review ${i}: ${i % 3 === 0 ? 'awful' : 'a joy'}, "really"\n`,
  ).join('');
  const args = ['run', moodTask(), '-m', model, '--lines', '--format', format];
  const whole = path.join(folder, `whole.${format}`);
  const broken = path.join(folder, `broken.${format}`);
  const unbroken = await runSlm([...args, '-o', whole], { input });
  if (unbroken.code !== 0) throw new Error(unbroken.stderr);
  const expected = readFileSync(whole);
  const loop = { args, input, output: broken, totalBytes: expected.length, kills: Math.ceil(Number(kills) / 2) };
  const done = await runWithKills({
    ...loop,
    random: createRandom(Number(seed)),
    log: (line) => say(`${format}: ${line}`),
  });
  const same = readFileSync(broken).equals(expected);
  if (!same) wrong++;
  say(
    `${format}: ${done.kills} kills (${done.early} while starting): output ${same ? 'equal to' : 'DIFFERENT FROM'} that of an unbroken run`,
  );
}
rmSync(folder, { recursive: true, force: true });
say(`${((performance.now() - start) / 1000).toFixed(0)} s`);
process.exitCode = wrong > 0 ? 1 : 0;
