/**
 * How long `slm` takes to start: wall time of whole processes, one after the other in turn, so that a machine that
 * becomes slower or faster does so for all. Node alone is measured with them.
 *
 *   node --import tsx bench/start.ts [--rounds 11] [--runs]
 *
 * `--runs` adds one line of text through both models: plain (the first round fills the prefix cache and does not
 * count) and through a warm host. Needs `npm run build`, and the models.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const slm = path.join(root, 'bin', 'slm.js');
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '11' }, runs: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
if (!existsSync(path.join(root, 'dist', 'bundle', 'main.js'))) throw new Error('run `npm run build` first');

// Hosts of our own, which do not meet those of the user.
const runtime = mkdtempSync(path.join(tmpdir(), 'slm-start-'));
const models = ['smollm2-135m-instruct', 'gemma-3-270m'];
const line = (model: string, ...flags: string[]) => [
  slm,
  'run',
  'sentiment',
  '-m',
  model,
  '-t',
  'A fine day.',
  ...flags,
];
const commands: [string, string[]][] = [
  ['node -e 0', ['-e', '0']],
  ['slm --help', [slm, '--help']],
  ['slm tasks list', [slm, 'tasks', 'list']],
  ['slm tasks validate', [slm, 'tasks', 'validate']],
];
if (values.runs) {
  for (const model of models) {
    commands.push([`one line, ${model}`, line(model, '--no-warm')]);
    commands.push([`one line, ${model}, warm`, line(model)]);
    run([slm, 'warm', 'sentiment', '-m', model, '-q']);
  }
}

/** Milliseconds from the start of a process to its end. */
function run(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: runtime },
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return performance.now() - start;
}

const times = commands.map((): number[] => []);
for (let round = 0; round <= rounds; round++) {
  for (const [i, [, args]] of commands.entries()) {
    const ms = run(args);
    if (round > 0) times[i]?.push(ms);
  }
}
if (values.runs) run([slm, 'stop', '--all', '-q']);
rmSync(runtime, { recursive: true });

const quantile = (sorted: readonly number[], q: number) => sorted[Math.round(q * (sorted.length - 1))] as number;
const sorted = times.map((all) => [...all].sort((a, b) => a - b));
const alone = quantile(sorted[0] as number[], 0.5);
const [processor] = cpus();
console.log(
  `${processor?.model ?? '?'}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}, ${rounds} rounds\n`,
);
console.log('| ms | median | quartiles | least | beyond Node |\n| --- | ---: | ---: | ---: | ---: |');
for (const [i, [name]] of commands.entries()) {
  const all = sorted[i] as number[];
  const [low, median, high] = [0.25, 0.5, 0.75].map((q) => Math.round(quantile(all, q)));
  const beyond = i === 0 ? '' : Math.round((median as number) - alone);
  console.log(`| ${name} | ${median} | ${low}–${high} | ${Math.round(all[0] as number)} | ${beyond} |`);
}
