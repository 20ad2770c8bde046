/**
 * Figures of tuned and untuned tasks on public data: draws a sample to learn from, runs `slm tune` on it and
 * `slm eval` on data that nobody has learned from, a row of the table after the other.
 *
 *     node --import tsx bench/tuned.ts [DATA] [--only NAMES] [--model NAME] [--embedder FILE] [--no-words]
 *         [--budget TIME] [--take best] [--limit N] [--out FILE]
 *     node --import tsx bench/tuned.ts --list
 *     node --import tsx bench/tuned.ts --table FILE
 *
 * DATA is the folder of the data sets (default ../shared/data). `--only sst2,conll-200` takes the rows whose names
 * begin so. Results go to FILE (default bench-tuned.json in the work folder) as they come, and a row that is there is
 * not run again; caches stay in the work folder (--work, default slm-bench-tuned among the temporary files), so that
 * a row that was broken off goes on with its next trial, and with `--take best` the same trials give the best
 * candidate where otherwise the simplest is taken that is not clearly worse. `--model` takes an embedding model too,
 * `--embedder` puts one beside the model, `--no-words` leaves counts of words out, and `--limit` measures on the first
 * so many rows alone. Needs `npm run build`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../src/evaluate/report.js';
import {
  bankingParts,
  lineSample,
  nluParts,
  pubmedParts,
  pubmedVerdicts,
  type Sample,
  sentenceSample,
} from './parts/data-sets.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { type GoldFile, mainMetric, withoutModel } from './parts/lexical.js';
import { defaultData, root, runSlm } from './parts/program.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    model: { type: 'string', default: 'gemma-3-270m' },
    embedder: { type: 'string' },
    'no-words': { type: 'boolean', default: false },
    budget: { type: 'string', default: '10m' },
    take: { type: 'string', default: 'simplest' },
    limit: { type: 'string' },
    work: { type: 'string', default: path.join(tmpdir(), 'slm-bench-tuned') },
    out: { type: 'string' },
    table: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const data = path.resolve(positionals[0] ?? defaultData);
const work = path.resolve(flags.work);
/** What was tuned, as results name it. */
const model = [
  flags.model,
  ...(flags.embedder === undefined ? [] : [`with ${path.basename(flags.embedder)}`]),
  ...(flags['no-words'] ? ['no words'] : []),
].join(', ');
const results = path.resolve(flags.out ?? path.join(work, 'bench-tuned.json'));

/** A file to learn from or to measure on: of the data set as it is, or drawn from it. */
type Part = Omit<GoldFile, 'file'> & { readonly from: string | Sample };

interface Row {
  readonly name: string;
  /** What the rows of several seeds have in common. */
  readonly group: string;
  readonly seed: number;
  /** A built-in task, or the content of a task.yaml. */
  readonly task: string | (() => TaskFile);
  /** Null for the task as it is shipped. */
  readonly train: (() => Part) | null;
  readonly test: () => Part;
}

interface TaskFile {
  readonly name: string;
  readonly [key: string]: unknown;
}

interface LabelEntry {
  readonly description: string;
  readonly word: string;
}

interface Figure {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

interface Result {
  readonly row: string;
  readonly group: string;
  readonly model: string;
  readonly budget: string;
  readonly take: string;
  /** Of the rows to measure on, the first so many; null: all. */
  readonly limit: string | null;
  readonly metric: string;
  /** Examples to learn from and to measure on. */
  readonly trained: number;
  readonly n: number;
  readonly figure: Figure;
  /** Further figures of the report by name. */
  readonly others: Readonly<Record<string, Figure>>;
  readonly lexical: { readonly title: string; readonly value: number | null } | null;
  readonly chosen: string;
  readonly stopped: string | null;
  readonly recordsPerSecond: number;
  readonly tokensPerRecord: number;
  readonly tuneSeconds: number | null;
  readonly failed: number;
  readonly machine: string;
}

const sst2 = { columns: ['text', 'label'], labelMap: { 0: 'negative', 1: 'positive' } };
/** The task has a third label, which SST-2 does not. */
const among = ['positive', 'negative'];
const inData = (...parts: string[]) => path.join(data, ...parts);
const rows: readonly Row[] = [
  ...[200, 1000].flatMap((count) =>
    [1, 2, 3].flatMap((seed): Row[] => [
      {
        name: `sst2-${count}-s${seed}`,
        group: `SST-2, ${count} examples`,
        seed,
        task: 'sentiment',
        train: () => ({ ...sst2, from: lineSample(inData('sst2', 'train.tsv'), count, seed, 'train.tsv') }),
        test: () => ({ ...sst2, among, from: inData('sst2', 'dev.tsv') }),
      },
    ]),
  ),
  ...[200, 1000].map(
    (count): Row => ({
      name: `conll-${count}`,
      group: `CoNLL-2003, ${count} sentences`,
      seed: 1,
      task: 'ner',
      train: () => ({ from: sentenceSample(inData('conll2003', 'eng.train'), count, 1, 'train.conll') }),
      test: () => ({ from: inData('conll2003', 'eng.testa') }),
    }),
  ),
  ...[200, 1000, null].map(
    (count): Row => ({
      name: `wnut-${count ?? 'all'}`,
      group: `WNUT-17, ${count ?? 'all'} sentences`,
      seed: 1,
      task: () => ({
        name: 'wnut',
        type: 'extract',
        labels: ['person', 'location', 'corporation', 'group', 'creative-work', 'product'],
      }),
      train: () => {
        const all = inData('wnut17', 'wnut17train.conll');
        return { from: count === null ? all : sentenceSample(all, count, 1, 'train.conll') };
      },
      test: () => ({ from: inData('wnut17', 'emerging.dev.conll') }),
    }),
  ),
  {
    name: 'banking',
    group: 'Banking77, 30 examples a label',
    seed: 1,
    task: () => ({ name: 'banking', type: 'classify', labels: bankingLabels() }),
    train: () => ({ from: bankingParts(inData('banking77', 'train.csv'), 30, 1500, 1).train }),
    test: () => ({ from: bankingParts(inData('banking77', 'train.csv'), 30, 1500, 1).test }),
  },
  ...(['banking', 'hotels'] as const).flatMap((domain) =>
    (['intents', 'slots'] as const).map((of): Row => {
      const parts = () => nluParts(inData('nlupp', 'data', domain), of);
      return {
        name: `nlu-${domain}-${of}`,
        group: `NLU++ ${domain}, ${of}, 4 of 20 folds`,
        seed: 1,
        task: () => {
          const labels = Object.fromEntries(parts().labels.map((name) => [name, spoken(name)]));
          return { name: 'nlu', type: of === 'intents' ? 'classify' : 'extract', multiLabel: of === 'intents', labels };
        },
        train: () => ({ from: parts().train }),
        test: () => ({ from: parts().test }),
      };
    }),
  ),
  {
    name: 'squad',
    group: 'SQuAD 2.0, all questions of the training articles',
    seed: 1,
    task: 'qa',
    train: () => ({ from: inData('squad2', 'train.json') }),
    test: () => ({ from: inData('squad2', 'dev.json') }),
  },
  {
    name: 'pubmedqa',
    group: 'PubMedQA, one half',
    seed: 1,
    task: () => ({
      name: 'pubmedqa',
      type: 'classify',
      labels: ['yes', 'no', 'maybe'],
      prompt: { instruction: '', base: '{{ text }}\nAnswer (yes, no or maybe):', use: 'base' },
    }),
    train: () => ({ from: pubmedParts(inData('pubmedqa', 'dev.json'), 1).train }),
    test: () => ({ from: pubmedParts(inData('pubmedqa', 'dev.json'), 1).test }),
  },
  {
    name: 'verdicts-pubmedqa',
    group: 'PubMedQA, verdicts, first half of the file',
    seed: 1,
    task: () => ({ name: 'pubmedqa', type: 'answer', answer: 'verdict' }),
    train: () => ({ from: pubmedVerdicts(inData('pubmedqa', 'dev.json')).train }),
    test: () => ({ from: pubmedVerdicts(inData('pubmedqa', 'dev.json')).test }),
  },
  {
    name: 'shipped-ner',
    group: 'ner as shipped, 1,000 sentences of CoNLL-2003',
    seed: 1,
    task: 'ner',
    train: null,
    test: () => ({ from: sentenceSample(inData('conll2003', 'eng.testa'), 1000, 1, 'test.conll') }),
  },
  {
    name: 'shipped-sentiment',
    group: 'sentiment as shipped, SST-2',
    seed: 1,
    task: 'sentiment',
    train: null,
    test: () => ({ ...sst2, among, from: inData('sst2', 'dev.tsv') }),
  },
];

const head = [
  'row',
  'learned from',
  'measured on',
  'metric',
  'value',
  '95 % interval',
  'ECE',
  'without a model',
  'method',
  'records/s',
  'tuning, s',
];

if (flags.table !== undefined) {
  process.stdout.write(tables(read(path.resolve(flags.table))));
} else {
  const chosen = choose(flags.only);
  if (flags.list) process.stdout.write(`${chosen.map(({ name }) => name).join('\n')}\n`);
  else await runRows(chosen);
}

function choose(only: string | undefined): Row[] {
  if (only === undefined) return [...rows];
  const wanted = only.split(',');
  const unknown = wanted.find((name) => !rows.some((row) => row.name.startsWith(name)));
  if (unknown !== undefined)
    throw new Error(`no row begins with "${unknown}"; there are ${rows.map(({ name }) => name).join(', ')}`);
  return rows.filter((row) => wanted.some((name) => row.name.startsWith(name)));
}

async function runRows(chosen: readonly Row[]): Promise<void> {
  const done: Result[] = [];
  for (const row of chosen) {
    const same = (result: Result) =>
      result.row === row.name &&
      result.model === model &&
      result.budget === flags.budget &&
      result.take === flags.take &&
      result.limit === (flags.limit ?? null);
    const known = read(results).find(same);
    if (known !== undefined) {
      say(`${row.name}: is in ${results} already`);
      done.push(known);
      continue;
    }
    say(`${row.name} on ${model}`);
    try {
      const result = await runRow(row);
      // Read anew: another run may write to the same file.
      write(results, [...read(results).filter((each) => !same(each)), result]);
      done.push(result);
      say(markdownTable(head, [cells(result)]));
    } catch (error) {
      // One row that cannot be done does not take the others along.
      say(`${row.name} FAILED: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  if (done.length > 0) process.stdout.write(tables(done));
}

async function runRow(row: Row): Promise<Result> {
  const folder = path.join(work, flags.model, row.name);
  // What was tuned before must not be measured in place of what is tuned now.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'config');
  const env = { XDG_CONFIG_HOME: config, XDG_CACHE_HOME: path.join(work, 'cache') };
  const own = typeof row.task === 'string' ? null : row.task();
  const task = typeof row.task === 'string' ? row.task : writeTask(folder, own as TaskFile);
  const into =
    typeof row.task === 'string' ? path.join(config, 'slm', 'tuned', row.task) : path.join(folder, 'task', 'tuned');
  const test = placed(folder, row.test());
  const train = row.train === null ? null : placed(folder, row.train());
  const common = ['-m', flags.model, '--json'];

  let tuning: { seconds: number; n: number; chosen: string; stopped: string } | null = null;
  if (train !== null) {
    const { stdout, seconds } = await runSlm(
      [
        ...['tune', task, ...goldArgs(train), '--into', into, '--no-compare'],
        ...(flags.embedder === undefined ? [] : ['--embedder', path.resolve(flags.embedder)]),
        ...(flags['no-words'] ? ['--no-words'] : []),
        ...['--budget', flags.budget, '--take', flags.take, '--seed', String(row.seed), ...common],
      ],
      { cwd: work, env },
    );
    const report = JSON.parse(stdout) as { chosen: string; stopped: string; data: { n: number } };
    tuning = { seconds, n: report.data.n, chosen: report.chosen, stopped: report.stopped };
  }
  // 100: below what the task asks of its own fixtures. 4: some records failed; the row says how many.
  const limit = flags.limit === undefined ? [] : ['--limit', flags.limit];
  const args = ['eval', task, ...goldArgs(test), ...limit, ...common];
  const { stdout } = await runSlm(args, { cwd: work, env, codes: [0, 4, 100] });
  const report = JSON.parse(stdout) as Report;
  const metric = mainMetric(report.type, own?.multiLabel === true);
  const figures = Object.fromEntries(
    report.figures.map(({ name, value, interval }): [string, Figure] => [
      name,
      { value, low: interval?.low ?? null, high: interval?.high ?? null },
    ]),
  );
  const last = report.baselines.at(-1);
  const taught = last?.figures.find(({ name }) => name === metric)?.value;
  return {
    row: row.name,
    group: row.group,
    model,
    budget: flags.budget,
    take: flags.take,
    limit: flags.limit ?? null,
    metric,
    trained: tuning?.n ?? 0,
    n: report.data.n,
    figure: figures[metric] as Figure,
    others: figures,
    // The report compares with what the task's own examples teach; what was tuned is compared with the same sample.
    lexical:
      train !== null
        ? await withoutModel(task, work, path.join(root, 'tasks'), train, test)
        : last === undefined
          ? null
          : { title: `${last.title}, of the task's own examples`, value: taught ?? null },
    chosen: tuning?.chosen ?? report.method,
    stopped: tuning?.stopped ?? null,
    recordsPerSecond: report.speed.recordsPerSecond,
    tokensPerRecord: report.speed.tokensPerRecord,
    tuneSeconds: tuning?.seconds ?? null,
    failed: report.failed,
    machine: machine(),
  };
}

/** JSON is YAML, too. Returns the task's folder. */
function writeTask(folder: string, task: TaskFile): string {
  const directory = path.join(folder, 'task');
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'task.yaml'), `${JSON.stringify(task, null, 2)}\n`);
  return directory;
}

function bankingLabels(): Record<string, LabelEntry> {
  const names = JSON.parse(readFileSync(inData('banking77', 'categories.json'), 'utf8')) as string[];
  return Object.fromEntries(names.map((name) => [name, spoken(name)]));
}

/** A label as one would say it. */
function spoken(name: string): LabelEntry {
  return { description: '', word: name.replaceAll('_', ' ') };
}

function placed(folder: string, { from, ...rest }: Part): GoldFile {
  if (typeof from === 'string') return { ...rest, file: from };
  const file = path.join(folder, from.file);
  writeFileSync(file, from.content);
  return { ...rest, file };
}

function goldArgs({ file, columns, labelMap, among }: GoldFile): string[] {
  return [
    ...['--data', file],
    ...(columns === undefined ? [] : ['--columns', columns.join(',')]),
    ...(among === undefined ? [] : ['--among', among.join(',')]),
    ...(labelMap === undefined
      ? []
      : [
          '--label-map',
          Object.entries(labelMap)
            .map((pair) => pair.join('='))
            .join(','),
        ]),
  ];
}

function read(file: string): Result[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : [];
}

function write(file: string, all: readonly Result[]): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.partial`, `${JSON.stringify(all, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
}

/** A table for each model, and below it what several seeds are together. */
function tables(all: readonly Result[]): string {
  return [...new Set(all.map(({ model }) => model))]
    .map((model) => {
      const own = all
        .filter((result) => result.model === model)
        .sort((a, b) => placeOf(a) - placeOf(b) || a.row.localeCompare(b.row));
      const machines = [...new Set(own.map((result) => result.machine.replace(/, load [\d.?]+/u, '')))];
      const means = meansOf(own);
      return [
        `### ${model}\n`,
        markdownTable(head, own.map(cells)),
        ...(means.length === 0
          ? []
          : ['', markdownTable(['mean of seeds', 'seeds', 'value', 'smallest–largest'], means)]),
        '',
        ...own.filter(({ others }) => others['exact-match-answerable'] !== undefined).map(answerLine),
        ...own.filter(({ failed }) => failed > 0).map(({ row, failed, n }) => `${row}: ${failed} of ${n} failed.`),
        ...own
          .filter(({ stopped }) => stopped !== null && stopped !== 'done')
          .map(({ row, budget }) => `${row}: the budget of ${budget} ended the search.`),
        `Measured on ${machines.join('; ')}. The interval is of the examples measured on, not of the sample learned from.\n`,
      ].join('\n');
    })
    .join('\n');
}

function placeOf(result: Result): number {
  return rows.findIndex(({ name }) => name === result.row);
}

function cells(result: Result): string[] {
  const { figure, others, lexical, tuneSeconds } = result;
  return [
    result.take === 'best' ? `${result.row}, the best` : result.row,
    result.trained === 0 ? '–' : count(result.trained),
    count(result.n),
    result.metric,
    shown(figure.value),
    figure.low === null || figure.high === null ? '–' : `${shown(figure.low)}–${shown(figure.high)}`,
    shown(others.ece?.value ?? null),
    lexical === null ? '–' : shown(lexical.value),
    result.chosen,
    result.recordsPerSecond.toFixed(1),
    tuneSeconds === null ? '–' : tuneSeconds.toFixed(0),
  ];
}

function meansOf(all: readonly Result[]): string[][] {
  const simplest = all.filter(({ take }) => take !== 'best');
  return [...new Set(simplest.map(({ group }) => group))].flatMap((group) => {
    const values = simplest.filter((result) => result.group === group).map(({ figure }) => figure.value ?? Number.NaN);
    if (values.length < 2) return [];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [[group, String(values.length), shown(mean), `${shown(Math.min(...values))}–${shown(Math.max(...values))}`]];
  });
}

/** Questions with and without an answer are two problems: one figure says too little. */
function answerLine({ row, others }: Result): string {
  const names = ['exact-match', 'token-f1', 'exact-match-answerable', 'token-f1-answerable', 'no-answer-auroc'];
  return `${row}: ${names.map((name) => `${name} ${shown(others[name]?.value ?? null)}`).join(', ')}.`;
}

function shown(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
