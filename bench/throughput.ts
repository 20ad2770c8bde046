/**
 * Records a second of the `sentiment` task beside the raw prompt speed of the same model file, and beside the
 * naive way: the instruction and the text as a prompt, the answer generated and parsed.
 *
 *     node --import tsx bench/throughput.ts [--model NAME] [--records N] [--rounds N] [--texts FILE]
 *
 * The three are run in turn, round after round, on the same threads; the table has medians with the smallest and
 * largest value. Texts are the task's own fixtures unless a file of lines is named.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { LlamaChatSession } from 'node-llama-cpp';
import { cpuBudget } from '../src/engine/cpu-budget.js';
import { median } from './parts/figures.js';
import { modelFile, root } from './parts/program.js';
import { loadPlain, rawPromptSpeed } from './parts/raw-speed.js';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'gemma-3-270m' },
    records: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    texts: { type: 'string' },
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
const slm: Measurement = { name: 'slm run sentiment --lines', unit: 'records/s', values: [] };
const whole: Measurement = { name: '… with start and exit', unit: 'records/s', values: [] };
const naive: Measurement = { name: 'generated answer', unit: 'records/s', values: [] };

// Once without the clock: fetches the model and calibrates where that was not done before.
await runSlm(texts.slice(0, 2));
for (let round = 0; round < rounds; round++) {
  raw.values.push(await rawPromptSpeed(modelPath, texts, threads));
  const few = await runSlm(texts.slice(0, 10));
  const all = await runSlm(texts);
  // The difference of two runs leaves out the start, the exit, and the first evaluation of the prefix.
  slm.values.push((texts.length - 10) / (all - few));
  whole.values.push(texts.length / all);
  naive.values.push(await naiveSpeed(texts.slice(0, Math.min(40, texts.length))));
  process.stderr.write(`round ${round + 1} of ${rounds} done\n`);
}
const tokens = await newTokensARecord();
report();
process.exit(0);

function report(): void {
  const line = ({ name, unit, values }: Measurement) =>
    `| ${name} | ${median(values).toFixed(1)} ${unit} | ${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)} |`;
  const perSecond = median(slm.values);
  process.stdout.write(
    [
      `${flags.model}, ${threads} threads, ${texts.length} records, median of ${rounds} interleaved rounds, Node ${process.versions.node}, ${process.platform}-${process.arch}`,
      '',
      '| what | median | smallest–largest |',
      '|---|---|---|',
      ...[raw, slm, whole, naive].map(line),
      '',
      `slm evaluates ${tokens.toFixed(1)} new tokens a record: ${(perSecond * tokens).toFixed(0)} tokens a second, ${((perSecond * tokens) / median(raw.values)).toFixed(2)} of the raw prompt speed.`,
      `slm is ${(perSecond / median(naive.values)).toFixed(1)} times as fast as generating the answer.`,
      '',
    ].join('\n'),
  );
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
  await spawnSlm(['run', 'sentiment', '--lines', '-m', flags.model, '-q', ...args], lines.join('\n'));
  return (performance.now() - start) / 1000;
}

/** From `slm eval`, over the fixtures: what `run` evaluates for a record, without the shared prefix. */
async function newTokensARecord(): Promise<number> {
  const data = texts.map((text) => JSON.stringify({ text, label: 'positive' })).join('\n');
  const json = await spawnSlm(
    ['eval', 'sentiment', '--data', '-', '--data-format', 'jsonl', '-m', flags.model, '--json', '-q'],
    data,
  );
  const { speed } = JSON.parse(json) as { speed: { tokensPerRecord: number } };
  return speed.tokensPerRecord;
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
      ? readFileSync(path.join(root, 'tasks', 'sentiment', 'test.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { text: string }).text)
      : readFileSync(flags.texts, 'utf8').trim().split('\n');
  return Array.from({ length: records }, (_, i) => lines[i % lines.length] as string);
}
