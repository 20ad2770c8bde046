/**
 * Cascades beside each of their models alone: thresholds are chosen on rows of the training file that no model was
 * tuned on (`slm cascade`), and all is measured on others (`slm eval`).
 *
 *     node --import tsx bench/cascade.ts [DATA] [--only sst2,banking] [--n 400] [--models A,B,C] [--goal "--time 0.5"] [--untuned]
 *
 * DATA is the folder of the data sets (default ../shared/data). SST-2: the task `sentiment` as it is shipped, among two
 * labels; thresholds on n rows of train.tsv, figures on n of dev.tsv. Banking77: every model is tuned on 10 rows of each
 * label first (`--budget`, default 10m for each), thresholds on n further rows, figures on n others. The cascades are
 * each model with the largest, and all of them. `--untuned`: the tasks as they are written, by prompts alone. Needs `npm run build`.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Comparison } from '../src/compare/types.js';
import type { Figure, Report } from '../src/evaluate/report.js';
import { bankingParts, lineSample, type Sample } from './parts/data-sets.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { defaultData, root, runSlm } from './parts/program.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: 'sst2,banking' },
    n: { type: 'string', default: '400' },
    models: { type: 'string', default: 'gemma-3-270m,qwen2.5-coder-0.5b-instruct,qwen2.5-coder-1.5b-instruct' },
    goal: { type: 'string', default: '' },
    budget: { type: 'string', default: '10m' },
    untuned: { type: 'boolean', default: false },
  },
});
const data = path.resolve(positionals[0] ?? defaultData);
const n = Number(values.n);
if (!(n >= 20)) throw new Error(`--n ${values.n}: expected 20 or more`);
const models = values.models.split(',');
const goal = values.goal.split(' ').filter(Boolean);
const seed = 1;

/** A task, and the files of it in the work folder. */
interface Setting {
  readonly title: string;
  readonly task: string;
  readonly choose: Sample;
  readonly measure: Sample;
  readonly flags: readonly string[];
  /** What every model is tuned on first; null for the task as it is. */
  readonly train: Sample | null;
}

const settings: Readonly<Record<string, (work: string) => Setting>> = {
  sst2(work) {
    cpSync(path.join(root, 'tasks', 'sentiment'), path.join(work, 'sentiment'), { recursive: true });
    return {
      title: 'SST-2',
      task: './sentiment',
      choose: lineSample(path.join(data, 'sst2', 'train.tsv'), n, seed, 'choose.tsv'),
      measure: lineSample(path.join(data, 'sst2', 'dev.tsv'), n, seed, 'measure.tsv'),
      flags: ['--columns', 'text,label', '--label-map', '0=negative,1=positive', '--among', 'positive,negative'],
      train: null,
    };
  },
  banking(work) {
    const { train, test } = bankingParts(path.join(data, 'banking77', 'train.csv'), 10, 2 * n, seed);
    const labels = JSON.parse(readFileSync(path.join(data, 'banking77', 'categories.json'), 'utf8')) as string[];
    mkdirSync(path.join(work, 'banking'));
    // JSON is YAML, too.
    writeFileSync(
      path.join(work, 'banking', 'task.yaml'),
      JSON.stringify({ name: 'banking', type: 'classify', labels }),
    );
    const rows = test.content.trim().split('\n');
    const part = (file: string, lines: readonly string[]): Sample => ({ file, content: `${lines.join('\n')}\n` });
    return {
      title: 'Banking77',
      task: './banking',
      choose: part('choose.jsonl', rows.slice(0, n)),
      measure: part('measure.jsonl', rows.slice(n)),
      flags: [],
      train,
    };
  },
};

console.log(machine());
for (const name of values.only.split(',')) {
  const setting = settings[name];
  if (setting === undefined) throw new Error(`--only ${name}: there are ${Object.keys(settings).join(', ')}`);
  const work = mkdtempSync(path.join(tmpdir(), 'slm-bench-cascade-'));
  try {
    await measure(setting(work), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function measure(
  { title, task, choose, measure: rest, flags: own, train }: Setting,
  work: string,
): Promise<void> {
  for (const { file, content } of [choose, rest, ...(train === null ? [] : [train])])
    writeFileSync(path.join(work, file), content);
  const flags = values.untuned ? [...own, '--untuned'] : own;
  if (train !== null && !values.untuned) {
    for (const model of models) {
      say(`tuning ${model}`);
      await runSlm(['-q', 'tune', task, '-m', model, '--data', train.file, '--budget', values.budget], { cwd: work });
    }
  }
  const last = models.at(-1) as string;
  const chains = [...models.slice(0, -1).map((model) => [model, last]), ...(models.length > 2 ? [models] : [])];
  for (const chain of chains) {
    say(`thresholds of ${chain.join(', ')}`);
    const args = ['-q', 'cascade', task, '-m', chain.join(','), '--data', choose.file, ...flags, ...goal];
    await runSlm(args, { cwd: work });
  }
  const all = [...models, ...chains.map((chain) => `cascade:${chain.join('+')}`)];
  say(`measuring ${all.length} ways on ${n} rows`);
  const args = ['-q', 'eval', task, '-m', all.join(','), '--data', rest.file, ...flags, '--json'];
  const { stdout } = await runSlm(args, { cwd: work, codes: [0, 100] });
  const { reports, comparison } = JSON.parse(stdout) as { reports: Report[]; comparison: Comparison };
  const whole = reports[models.length - 1] as Report;
  const rows = reports.map((report) => [
    report.model.name,
    figureText(report.figures.find((figure) => figure.name === comparison.metric)),
    report.speed.cost.secondsPerThousand.toFixed(1),
    (report.speed.cost.secondsPerThousand / whole.speed.cost.secondsPerThousand).toFixed(2),
    differenceText(comparison, report.model.name, whole.model.name),
    stagesText(report),
  ]);
  const head = ['', comparison.metric, 's/1000', 'time ÷ largest', 'against the largest', 'share (all right), seconds'];
  console.log(
    `\n${title}${values.untuned ? ', as the task is written' : ''}: thresholds chosen on ${n} rows, measured on ${comparison.n} others\n`,
  );
  console.log(markdownTable(head, rows));
}

function figureText(figure: Figure | undefined): string {
  if (figure?.value == null || figure.interval === null) return '–';
  const { low, high } = figure.interval;
  return `${figure.value.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`;
}

/** How much better than the largest, with p before any adjustment. */
function differenceText({ pairs, metric }: Comparison, name: string, largest: string): string {
  const pair = pairs.find(({ first, second }) => [first, second].includes(name) && [first, second].includes(largest));
  const found = pair?.metrics.find((one) => one.name === metric);
  if (pair === undefined || found?.difference == null) return '';
  const signed = pair.first === name ? found.difference : -found.difference;
  return `${signed < 0 ? '−' : '+'}${Math.abs(signed).toFixed(3)}, p ${found.p?.toFixed(3) ?? '–'}`;
}

function stagesText({ stages = [], data: { n: total } }: Report): string {
  return stages
    .map(({ model, answered, right, seconds }) => {
      const share = `${((100 * answered) / total).toFixed(0)} %`;
      return `${model} ${share} (${answered === 0 ? '–' : (right / answered).toFixed(3)}), ${seconds.toFixed(1)} s`;
    })
    .join('; ');
}
