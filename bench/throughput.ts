/**
 * Records a second of a task beside the raw prompt speed of the same model file; of `sentiment` also beside the
 * naive way: the instruction and the text as a prompt, the answer generated and parsed; and beside two processes that
 * share the records.
 *
 *     node --import tsx bench/throughput.ts [--task NAME] [--model NAME] [--records N] [--rounds N] [--texts FILE]
 *         [--overlay]
 *
 * The ways are run in turn, round after round, on the same threads; the table has medians with the smallest and
 * largest value. Texts are the task's own fixtures unless a file of lines is named. The raw prompt is one of 1,024
 * tokens in batches of 512; "in the shape of records" are prompts as short as a record, after a prefix as long as the
 * task's, a context with one thread for each core. `--overlay` measures the task without its overlay (`--untuned`)
 * in the same rounds, and says whether an overlay costs time beyond its tokens.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { LlamaChatSession } from 'node-llama-cpp';
import { cpuBudget } from '../src/engines/cpu-budget.js';
import { median } from '../src/metrics/median.js';
import { modelFile, root } from './parts/program.js';
import { loadPlain, rawPromptSpeed, rawShortSpeed } from './parts/raw-speed.js';

const { values: flags } = parseArgs({
  options: {
    task: { type: 'string', default: 'sentiment' },
    model: { type: 'string', default: 'gemma-3-270m' },
    records: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    texts: { type: 'string' },
    overlay: { type: 'boolean', default: false },
  },
});
const records = Number(flags.records);
const rounds = Number(flags.rounds);
const threads = cpuBudget();
const modelPath = modelFile(flags.model);
const texts = readTexts();

interface Measurement {
  readonly name: string;
  readonly unit: string;
  readonly values: number[];
}

const raw: Measurement = { name: 'raw prompt', unit: 'tokens/s', values: [] };
const short: Measurement = { name: 'raw prompts in the shape of records', unit: 'tokens/s', values: [] };
const slm: Measurement = { name: `slm run ${flags.task} --lines`, unit: 'records/s', values: [] };
const whole: Measurement = { name: '… with start and exit', unit: 'records/s', values: [] };
const pair: Measurement = { name: 'two processes, half of the records each', unit: 'records/s', values: [] };
const untuned: Measurement = { name: '… with --untuned', unit: 'records/s', values: [] };
const naive: Measurement = { name: 'generated answer', unit: 'records/s', values: [] };

// Once without the clock: fetches the model and calibrates where that was not done before.
await runSlm(texts.slice(0, 2));
if (flags.overlay) await runSlm(texts.slice(0, 2), ['--untuned']);
const shape = await shapeOfRecords();
const untunedShape = flags.overlay ? await shapeOfRecords(['--untuned']) : null;
for (let round = 0; round < rounds; round++) {
  raw.values.push(await rawPromptSpeed(modelPath, texts, threads));
  short.values.push(await rawShortSpeed(modelPath, texts, threads, shape));
  const few = await runSlm(texts.slice(0, 10));
  const all = await runSlm(texts);
  // The difference of two runs leaves out the start, the exit, and the first evaluation of the prefix.
  slm.values.push((texts.length - 10) / (all - few));
  if (flags.overlay) {
    const few = await runSlm(texts.slice(0, 10), ['--untuned']);
    untuned.values.push((texts.length - 10) / ((await runSlm(texts, ['--untuned'])) - few));
  }
  whole.values.push(texts.length / all);
  const half = texts.length >> 1;
  const start = performance.now();
  await Promise.all([runSlm(texts.slice(0, half)), runSlm(texts.slice(half))]);
  pair.values.push((1000 * texts.length) / (performance.now() - start));
  if (flags.task === 'sentiment') naive.values.push(await naiveSpeed(texts.slice(0, Math.min(40, texts.length))));
  process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
}
const { tokens } = shape;
report();
process.exit(0);

function report(): void {
  const line = ({ name, unit, values }: Measurement) =>
    `| ${name} | ${median(values).toFixed(1)} ${unit} | ${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)} |`;
  const perSecond = median(slm.values);
  // Of one round each: what slows the machine down for a while does so for both.
  const ratio = (other: Measurement) =>
    median(slm.values.map((value, round) => (value * tokens) / (other.values[round] as number))).toFixed(2);
  process.stdout.write(
    [
      `${flags.model}, ${threads} threads, ${texts.length} records, median of ${rounds} interleaved rounds, Node ${process.versions.node}, ${process.platform}-${process.arch}`,
      '',
      '| what | median | smallest–largest |',
      '|---|---|---|',
      ...[raw, short, slm, untuned, whole, pair, naive].filter(({ values }) => values.length > 0).map(line),
      '',
      `slm evaluates ${tokens.toFixed(1)} new tokens a record after ${shape.prefix}: ${(perSecond * tokens).toFixed(0)} tokens a second, ${ratio(raw)} of the raw prompt speed, ${ratio(short)} of that in the shape of records.`,
      ...(untunedShape === null ? [] : [overlayLine(untunedShape)]),
      ...(naive.values.length > 0
        ? [`slm is ${(perSecond / median(naive.values)).toFixed(1)} times as fast as generating the answer.`]
        : []),
      `Two processes together are ${(median(pair.values) / median(whole.values)).toFixed(2)} times as fast as one, starts and exits counted.`,
      '',
    ].join('\n'),
  );
}

/** What a new token takes with the overlay and without it. */
function overlayLine(other: { tokens: number; prefix: number }): string {
  const perToken = slm.values.map((value) => 1000 / (value * tokens));
  const perUntuned = untuned.values.map((value) => 1000 / (value * other.tokens));
  const ratio = median(perToken.map((value, round) => value / (perUntuned[round] as number)));
  return `A new token takes ${median(perToken).toFixed(2)} ms with the overlay and ${median(perUntuned).toFixed(2)} ms with --untuned (${other.tokens.toFixed(1)} new tokens a record after ${other.prefix}): ${ratio.toFixed(2)} times (goal: at most 1.05).`;
}

/** The same library, used as its introduction shows: a chat, whose answer would then be parsed. */
async function naiveSpeed(some: readonly string[]): Promise<number> {
  const { llama, model } = await loadPlain(modelPath, threads);
  const context = await model.createContext({ contextSize: 2048, threads, sequences: 1 });
  const sequence = context.getSequence();
  const ask = 'Is the sentiment of this review positive or negative? Answer with one word.';
  const session = new LlamaChatSession({ contextSequence: sequence });
  const start = performance.now();
  for (const text of some) {
    session.resetChatHistory();
    await session.prompt(`${ask}\n\n${text}`, { maxTokens: 8, temperature: 0 });
  }
  const seconds = (performance.now() - start) / 1000;
  await llama.dispose();
  return some.length / seconds;
}

/** Seconds of one run of the binary. */
async function runSlm(lines: readonly string[], args: readonly string[] = []): Promise<number> {
  const start = performance.now();
  await spawnSlm(['run', flags.task, '--lines', '--no-warm', '-m', flags.model, '-q', ...args], lines.join('\n'));
  return (performance.now() - start) / 1000;
}

/** What `run` evaluates for a record, on average, and the shared prefix before it, by its own count. */
async function shapeOfRecords(args: readonly string[] = []): Promise<{ tokens: number; prefix: number }> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'slm-throughput-')), 'stats.json');
  await runSlm(texts, [...args, '--stats', file, '--threads', '1']);
  const { run } = JSON.parse(readFileSync(file, 'utf8')) as {
    run: { tokens: { evaluatedTokens: number; prefixTokens: number; reusedTokens: number } };
  };
  rmSync(path.dirname(file), { recursive: true });
  // One slot uses the prefix again for each record, the first one evaluates it or reads it from the cache.
  const { evaluatedTokens, prefixTokens, reusedTokens } = run.tokens;
  return {
    tokens: evaluatedTokens / texts.length,
    prefix: Math.round((prefixTokens + reusedTokens) / texts.length),
  };
}

function spawnSlm(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'bin', 'slm.js'), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 || code === 100 ? resolve(output) : reject(new Error(`slm ended with ${code}`)),
    );
    child.stdin.end(input);
  });
}

/** The texts, repeated as often as it takes. */
function readTexts(): string[] {
  const lines =
    flags.texts === undefined
      ? readFileSync(path.join(root, 'tasks', flags.task, 'test.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { text: string }).text)
      : readFileSync(flags.texts, 'utf8').trim().split('\n');
  return Array.from({ length: records }, (_, i) => lines[i % lines.length] as string);
}
