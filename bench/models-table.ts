/**
 * Quality, speed and memory of models on five tasks, untuned and tuned: a table of cells that are measured one at a
 * time, so that each can have a quiet machine to itself.
 *
 *     node --import tsx bench/models-table.ts [DATA] [--only CELLS] [--n 300] [--budget 10m] [--out FILE] [--list]
 *     node --import tsx bench/models-table.ts --table FILE
 *
 * A cell is model/task/how: `--only gemma-3-270m/sst2/untuned,qwen2.5-coder-1.5b-instruct` takes those whose names
 * begin so. DATA is the folder of the data sets (default ../shared/data). Results go to FILE (default
 * bench-models.json in the work folder, --work) as they come; a cell that is there with as many records is not measured
 * again. Needs `npm run build`.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../src/evaluate/report.js';
import {
  bankingParts,
  jsonlSample,
  lineSample,
  type Sample,
  sentenceSample,
  squadQuestions,
} from './parts/data-sets.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { mainMetric } from './parts/lexical.js';
import { defaultData, root, runSlm } from './parts/program.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    n: { type: 'string', default: '300' },
    budget: { type: 'string', default: '10m' },
    work: { type: 'string', default: path.join(tmpdir(), 'slm-bench-models') },
    out: { type: 'string' },
    table: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const data = path.resolve(positionals[0] ?? defaultData);
const work = path.resolve(flags.work);
const results = path.resolve(flags.out ?? path.join(work, 'bench-models.json'));
const most = Number(flags.n);
const inData = (...parts: string[]) => path.join(data, ...parts);

const models = ['smollm2-135m-instruct', 'gemma-3-270m', 'qwen2.5-coder-0.5b-instruct', 'qwen2.5-coder-1.5b-instruct'];
const hows = ['untuned', 'tuned'] as const;

interface Column {
  readonly title: string;
  /** A built-in task, or a folder that is copied. */
  readonly task: string | (() => Sample);
  /** Null where the task is too small to learn from. */
  readonly train: (() => Sample) | null;
  /** Null for the fixtures of the task. */
  readonly test: (() => Sample | string) | null;
  /** How both are read. */
  readonly reading: readonly string[];
  /** How the task is measured. */
  readonly measuring: readonly string[];
}

const sst2 = ['--columns', 'text,label', '--label-map', '0=negative,1=positive'];
const columns: Readonly<Record<string, Column>> = {
  sst2: {
    title: 'SST-2 dev',
    task: 'sentiment',
    train: () => lineSample(inData('sst2', 'train.tsv'), 1000, 1, 'train.tsv'),
    test: () => inData('sst2', 'dev.tsv'),
    reading: sst2,
    measuring: ['--among', 'positive,negative'],
  },
  banking: {
    title: 'Banking77',
    task: () => ({ file: 'task.yaml', content: JSON.stringify(bankingTask()) }),
    train: () => bankingParts(inData('banking77', 'train.csv'), 30, 1500, 1).train,
    test: () => bankingParts(inData('banking77', 'train.csv'), 30, 1500, 1).test,
    reading: [],
    measuring: [],
  },
  conll: {
    title: 'CoNLL-2003 testa',
    task: 'ner',
    train: () => sentenceSample(inData('conll2003', 'eng.train'), 1000, 1, 'train.conll'),
    test: () => inData('conll2003', 'eng.testa'),
    reading: [],
    measuring: [],
  },
  squad2: {
    title: 'SQuAD 2',
    task: 'qa',
    train: () => jsonlSample('train.jsonl', squadQuestions(inData('squad2', 'train.json'), 200, 1)),
    test: () => jsonlSample('test.jsonl', squadQuestions(inData('squad2', 'dev.json'), 300, 1)),
    reading: [],
    measuring: [],
  },
  invoice: {
    title: 'invoices (examples/invoice)',
    task: path.join(root, 'examples', 'invoice'),
    train: null,
    test: null,
    reading: [],
    measuring: [],
  },
};

interface Cell {
  readonly model: string;
  readonly column: string;
  readonly how: (typeof hows)[number];
}

interface Measured extends Cell {
  readonly metric: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
  readonly asked: number;
  readonly failed: number;
  readonly recordsPerSecond: number;
  readonly peakBytes: number | null;
  readonly method: string;
  /** Of the whole command that tuned; null without. */
  readonly tuneSeconds: number | null;
  readonly machine: string;
}

const cells = models.flatMap((model) =>
  Object.entries(columns).flatMap(([column, { train }]) =>
    hows.filter((how) => how === 'untuned' || train !== null).map((how): Cell => ({ model, column, how })),
  ),
);
const nameOf = ({ model, column, how }: Cell) => `${model}/${column}/${how}`;

if (flags.table !== undefined) process.stdout.write(tables(read(path.resolve(flags.table))));
else {
  const wanted = flags.only?.split(',') ?? [''];
  const chosen = cells.filter((cell) => wanted.some((name) => nameOf(cell).startsWith(name)));
  if (chosen.length === 0) throw new Error(`no cell begins with "${flags.only}"; --list names them`);
  if (flags.list) process.stdout.write(`${chosen.map(nameOf).join('\n')}\n`);
  else await measureAll(chosen);
}

async function measureAll(chosen: readonly Cell[]): Promise<void> {
  for (const cell of chosen) {
    const known = read(results).find((one) => nameOf(one) === nameOf(cell) && one.asked >= most);
    if (known !== undefined) {
      say(`${nameOf(cell)}: is in ${results} already`);
      continue;
    }
    say(nameOf(cell));
    try {
      const measured = await measure(cell);
      // Read anew: another run may write to the same file.
      write(results, [...read(results).filter((one) => nameOf(one) !== nameOf(cell)), measured]);
      say(`${nameOf(cell)}: ${quality(measured)}, ${cost(measured)}`);
    } catch (error) {
      // One cell that cannot be measured does not take the others along.
      say(`${nameOf(cell)} FAILED: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  process.stdout.write(tables(read(results)));
}

async function measure(cell: Cell): Promise<Measured> {
  const { task: given, train, test, reading, measuring } = columns[cell.column] as Column;
  const folder = path.join(work, nameOf(cell));
  // What was tuned before must not be measured in place of what is tuned now.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'config');
  const env = { XDG_CONFIG_HOME: config, XDG_CACHE_HOME: path.join(work, 'cache') };
  const task = placedTask(folder, given);
  const common = ['-m', cell.model, '--json'];
  let tuneSeconds: number | null = null;
  if (cell.how === 'tuned' && train !== null) {
    const into = typeof given === 'string' ? path.join(config, 'slm', 'tuned', given) : path.join(task, 'tuned');
    const from = ['--data', placed(folder, train()), ...reading];
    const { seconds } = await runSlm(
      ['tune', task, ...from, '--into', into, '--no-compare', '--budget', flags.budget, ...common],
      { cwd: work, env },
    );
    tuneSeconds = seconds;
  }
  const source = test?.();
  const on = source === undefined ? [] : ['--data', placed(folder, source), ...reading];
  const asIs = cell.how === 'untuned' ? ['--untuned'] : [];
  // 100: below what the task asks of its own fixtures. 4: some records failed; the table says how many.
  const { stdout, peakBytes } = await runSlm(
    ['eval', task, ...on, ...measuring, ...asIs, '--limit', String(most), ...common],
    { cwd: work, env, codes: [0, 4, 100] },
  );
  const report = JSON.parse(stdout) as Report;
  const metric = mainMetric(report.type, false);
  const figure = report.figures.find(({ name }) => name === metric);
  return {
    ...cell,
    metric,
    value: figure?.value ?? null,
    low: figure?.interval?.low ?? null,
    high: figure?.interval?.high ?? null,
    n: report.data.n,
    asked: most,
    failed: report.failed,
    recordsPerSecond: report.speed.recordsPerSecond,
    peakBytes,
    method: report.method,
    tuneSeconds,
    machine: machine(),
  };
}

/** A built-in task by its name; others in a folder of their own, since what is tuned is written beside them. */
function placedTask(folder: string, task: Column['task']): string {
  if (typeof task === 'string' && !path.isAbsolute(task)) return task;
  const own = path.join(folder, 'task');
  if (typeof task === 'string') cpSync(task, own, { recursive: true });
  else {
    const { file, content } = task();
    mkdirSync(own, { recursive: true });
    writeFileSync(path.join(own, file), content);
  }
  return own;
}

function placed(folder: string, source: Sample | string): string {
  if (typeof source === 'string') return source;
  const file = path.join(folder, source.file);
  writeFileSync(file, source.content);
  return file;
}

function bankingTask() {
  const names = JSON.parse(readFileSync(inData('banking77', 'categories.json'), 'utf8')) as string[];
  const labels = Object.fromEntries(
    names.map((name) => [name, { description: '', word: name.replaceAll('_', ' ') }] as const),
  );
  return { name: 'banking', type: 'classify', labels };
}

function read(file: string): Measured[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Measured[]) : [];
}

function write(file: string, all: readonly Measured[]): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.partial`, `${JSON.stringify(all, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
}

/** A table of quality and one of cost, models by tasks. */
function tables(all: readonly Measured[]): string {
  const shown = (title: string, text: (cell: Measured) => string) => {
    const head = [title, ...Object.values(columns).map((column) => column.title)];
    const lines = models.flatMap((model) =>
      hows.map((how) => [
        `${model}, ${how}`,
        ...Object.keys(columns).map((column) => {
          const found = all.find((one) => nameOf(one) === nameOf({ model, column, how }));
          return found === undefined ? '' : text(found);
        }),
      ]),
    );
    return markdownTable(
      head,
      lines.filter(([, ...rest]) => rest.some((cell) => cell !== '')),
    );
  };
  const failed = all.filter((one) => one.failed > 0).map((one) => `${nameOf(one)}: ${one.failed} of ${one.n} failed.`);
  const machines = [...new Set(all.map((one) => one.machine))];
  return [
    shown('quality', quality),
    '',
    shown('records a second, most memory', cost),
    '',
    ...failed,
    `Measured on ${machines.join('; ')}.`,
    '',
  ].join('\n');
}

function quality({ metric, value, low, high, n }: Measured): string {
  const interval = low === null || high === null ? '' : ` [${low.toFixed(3)}–${high.toFixed(3)}]`;
  return `${metric} ${value === null ? '–' : value.toFixed(3)}${interval}, n = ${n}`;
}

function cost({ recordsPerSecond, peakBytes }: Measured): string {
  return `${recordsPerSecond.toFixed(1)}${peakBytes === null ? '' : `, ${(peakBytes / 1e9).toFixed(1)} GB`}`;
}
