/**
 * How near a small model comes to a larger one that labels texts for it, and how much faster it is: sentences of SST-2,
 * and the ten commonest labels of Banking77.
 *
 *     node --import tsx bench/teacher.ts [DATA] [--only sst2|banking] [--teacher MODEL] [--pupil MODEL] [--budget 10m] [--n 400]
 *
 * DATA is the folder of the data sets (default ../shared/data). The teacher has half of the budget for its labels, and
 * 50 labelled rows correct it; both are measured on N other rows. Labels are kept in the work folder (--work), so that
 * a run that was broken off goes on. Needs `npm run build`.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import type { Taught } from '../src/app/tuning/pupil.js';
import type { Report } from '../src/evaluate/report.js';
import { createRandom, shuffle } from '../src/random.js';
import { jsonlSample, type LabelledRow, sentimentRows } from './parts/data-sets.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { defaultData, root, runSlm } from './parts/program.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    teacher: { type: 'string', default: 'qwen2.5-coder-1.5b-instruct' },
    pupil: { type: 'string', default: 'gemma-3-270m' },
    budget: { type: 'string', default: '10m' },
    n: { type: 'string', default: '400' },
    work: { type: 'string', default: path.join(tmpdir(), 'slm-bench-teacher') },
  },
});
const data = path.resolve(positionals[0] ?? defaultData);
/** Rows that correct the teacher. */
const few = 50;

interface Case {
  readonly task: Readonly<Record<string, unknown>>;
  readonly unlabelled: readonly LabelledRow[];
  readonly labelled: readonly LabelledRow[];
  readonly test: readonly LabelledRow[];
}

const cases: Readonly<Record<string, () => Case>> = { sst2, banking };
for (const name of Object.keys(cases)) {
  if (flags.only === undefined || flags.only === name) await measure(name, (cases[name] as () => Case)());
}
say(machine());

async function measure(name: string, { task, unlabelled, labelled, test }: Case): Promise<void> {
  const folder = path.join(path.resolve(flags.work), name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = (of: string, content: string) => {
    writeFileSync(path.join(folder, of), content);
    return path.join(folder, of);
  };
  const jsonl = (of: string, rows: readonly LabelledRow[]) => file(of, jsonlSample(of, rows).content);
  file('task.yaml', JSON.stringify(task));
  const texts = file('texts.txt', unlabelled.map(({ text }) => `${text.replaceAll('\n', ' ')}\n`).join(''));
  const env = { XDG_CONFIG_HOME: path.join(folder, 'config'), XDG_CACHE_HOME: path.join(flags.work, 'cache') };
  const options = { cwd: flags.work, env };
  const taught = ['--teacher', flags.teacher, '--unlabelled', texts, '--data', jsonl('labelled.jsonl', labelled)];
  const tuning = ['tune', folder, '-m', flags.pupil, ...taught, '--budget', flags.budget, '--no-compare', '--json'];
  const tuned = JSON.parse((await runSlm(tuning, options)).stdout) as { taught: Taught; chosen: string };
  const measuring = ['--data', jsonl('test.jsonl', test), '--json'];
  const rows: string[][] = [];
  for (const [model, more] of [
    [flags.teacher, ['--untuned']],
    [flags.pupil, []],
  ] as const) {
    const { stdout } = await runSlm(['eval', folder, '-m', model, ...more, ...measuring], options);
    const { figures, speed } = JSON.parse(stdout) as Report;
    const figure = figures.find((one) => one.name === 'accuracy');
    const range = figure?.interval;
    rows.push([
      `${name}, ${model}`,
      `${figure?.value?.toFixed(3)} [${range?.low.toFixed(3)}–${range?.high.toFixed(3)}]`,
      speed.recordsPerSecond.toFixed(1),
    ]);
  }
  const { labelled: labels, agreement, seconds, unsure } = tuned.taught;
  process.stdout.write(`${markdownTable([`n = ${test.length}`, 'accuracy', 'records/s'], rows)}\n\n`);
  process.stdout.write(
    `${labels} labels in ${seconds.toFixed(0)} s; agreement ${agreement.value.toFixed(3)}; unsure: teacher ${unsure.teacher}, both ${unsure.both}; ${tuned.chosen}\n\n`,
  );
}

/** The first sixteen examples of the built-in task, eight of each label, stand in the prompt. */
function sst2(): Case {
  const lines = readFileSync(path.join(root, 'tasks', 'sentiment', 'examples.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const all = lines.map((line) => JSON.parse(line) as LabelledRow);
  const examples = ['positive', 'negative'].flatMap((label) => all.filter((row) => row.label === label).slice(0, 8));
  const train = shuffle(sentimentRows(data, 'train'), createRandom(1));
  const base = '{{ text }}\nOverall, the opinion is';
  return {
    task: {
      name: 'sst2',
      type: 'classify',
      labels: ['positive', 'negative'],
      prompt: { instruction: '', base, use: 'base' },
      examples: examples.map(({ text, label }) => ({ text, label })),
      options: { shots: examples.length },
    },
    unlabelled: train.slice(few, few + 3000),
    labelled: train.slice(0, few),
    test: shuffle(sentimentRows(data, 'dev'), createRandom(1)).slice(0, Number(flags.n)),
  };
}

/** No example stands in the prompt: nobody has labelled any. */
function banking(): Case {
  const csv = readFileSync(path.join(data, 'banking77', 'train.csv'), 'utf8');
  const rows = (parse(csv, { columns: true }) as { text: string; category: string }[]).map(
    ({ text, category }): LabelledRow => ({ text, label: category.replaceAll('_', ' ') }),
  );
  const counts = new Map<string, number>();
  for (const { label } of rows) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 10)
    .map(([label]) => label);
  const own = shuffle(
    rows.filter(({ label }) => labels.includes(label)),
    createRandom(1),
  );
  const measured = few + Number(flags.n);
  return {
    task: { name: 'banking', type: 'classify', labels },
    unlabelled: own.slice(measured),
    labelled: own.slice(0, few),
    test: own.slice(few, measured),
  };
}
