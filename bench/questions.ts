/**
 * Questions over passages: SQuAD 2 and the fixtures of `qa`, by model.
 *
 *     node --import tsx bench/questions.ts MODEL… [--data DIR] [--n 100] [--tune 20m] [--learn 400] [--seed 1] [--fixtures | --languages | --open] [--judge MODEL]
 *
 * Draws n questions of dev.json, as many of each article, and answers them all (`--threshold 0`): one run gives every
 * figure, since what the shipped threshold holds back is seen from the scores. `--tune TIME` tunes on questions of
 * train.json first, whose articles are others. `--fixtures` measures the fixtures of the task instead, and its questions about a web page and a
 * PDF (tasks/qa/pages.jsonl), at its own threshold. `--languages` measures the questions in German, French, Spanish and Chinese (tasks/qa/languages). `--open` asks
 * the answerable ones of the n without their passage: all paragraphs of dev.json and train.json are the documents. `--judge MODEL` lets another model say
 * whether a passage answers a question (`options.judge`), untuned. Needs `npm run build`; nothing is written outside a folder of its own (--work).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import type { Report } from '../src/evaluate/report.js';
import { f1Score } from '../src/task-types/answer/metrics/squad.js';
import { type QuestionRow, squadParagraphs, squadQuestions } from './parts/data-sets.js';
import { machine, markdownTable, say } from './parts/figures.js';
import { defaultData, root, runSlm } from './parts/program.js';

const { values: flags, positionals: models } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: path.join(defaultData, 'squad2') },
    n: { type: 'string', default: '100' },
    tune: { type: 'string' },
    learn: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    fixtures: { type: 'boolean', default: false },
    languages: { type: 'boolean', default: false },
    open: { type: 'boolean', default: false },
    judge: { type: 'string' },
    work: { type: 'string', default: path.join(tmpdir(), 'slm-bench-questions') },
  },
});
if (models.length === 0)
  throw new Error('which models? e.g. bench/questions.ts gemma-3-270m qwen2.5-coder-0.5b-instruct');
const work = path.resolve(flags.work);
mkdirSync(work, { recursive: true });
// Tuned settings of a built-in task lie in the user's settings.
const env = { XDG_CACHE_HOME: path.join(work, 'cache'), XDG_CONFIG_HOME: path.join(work, 'config') };
/** Below it the task gives no answer: that of the tuned settings, where it was tuned. */
function thresholdOf(model: string): number {
  const settings = path.join(work, 'config', 'slm', 'tuned', 'qa', `${model}.yaml`);
  if (flags.tune === undefined || !existsSync(settings)) return shippedThreshold;
  return (parse(readFileSync(settings, 'utf8')) as { threshold: { min: number } }).threshold.min;
}

/** That of the task as it is shipped. */
const shippedThreshold = 0.5;

/** Token F1 from which an answer counts as right, as in `answer-ece`. */
const rightFrom = 0.6;

interface Row {
  /** What was asked. */
  readonly set: string;
  readonly model: string;
  readonly report: Report;
  readonly questions: readonly QuestionRow[];
}

/** The task as it is shipped, or with the judge that was asked for. */
const task = flags.judge === undefined ? 'qa' : taskWithJudge(flags.judge);
const judged = flags.judge === undefined ? '' : ` judged by ${flags.judge}`;

const rows: Row[] = [];
for (const model of models) {
  if (flags.tune !== undefined) await tune(model, flags.tune);
  for (const { set, questions, args } of setsAsked()) {
    const report = await measure(model, set, args);
    rows.push({ set, model, report, questions });
    say(`${model}, ${set}: ${(report.speed.seconds / report.data.n).toFixed(2)} s a question`);
  }
}
process.stdout.write(`${flags.fixtures ? fixtureTable() : questionTable()}\n\n${machine()}\n`);

function taskWithJudge(model: string): string {
  const folder = path.join(work, 'judged');
  mkdirSync(folder, { recursive: true });
  const include = path.join(root, 'tasks', 'qa', 'task.yaml');
  writeFileSync(
    path.join(folder, 'task.yaml'),
    `name: judged\ninclude: ${JSON.stringify(include)}\noptions:\n  judge: ${JSON.stringify(model)}\n`,
  );
  return folder;
}

async function tune(model: string, budget: string): Promise<void> {
  const learn = squadQuestions(path.join(flags.data, 'train.json'), Number(flags.learn), Number(flags.seed));
  const file = path.join(work, 'train.jsonl');
  writeFileSync(file, jsonl(learn));
  await runSlm(['tune', 'qa', '-m', model, '--data', file, '--budget', budget, '--json'], { cwd: work, env });
}

function setsAsked(): {
  readonly set: string;
  readonly questions: readonly QuestionRow[];
  readonly args: readonly string[];
}[] {
  if (flags.fixtures) {
    const pages = path.join(root, 'tasks', 'qa', 'pages');
    return [
      { set: 'fixtures', questions: [], args: [] },
      { set: 'web page and PDF', questions: [], args: ['--data', `${pages}.jsonl`, '--context', pages] },
    ];
  }
  if (flags.languages) return languageSets();
  if (flags.open) return [openSet()];
  const questions = squadQuestions(path.join(flags.data, 'dev.json'), Number(flags.n), Number(flags.seed));
  const file = path.join(work, 'dev.jsonl');
  writeFileSync(file, jsonl(questions));
  return [{ set: 'SQuAD 2 dev', questions, args: ['--data', file, '--threshold', '0'] }];
}

/** The answerable questions, over a folder of all paragraphs. */
function openSet() {
  const folder = path.join(work, 'paragraphs');
  mkdirSync(folder, { recursive: true });
  const files = ['dev.json', 'train.json'].map((name) => path.join(flags.data, name));
  for (const [i, context] of [...new Set(files.flatMap(squadParagraphs))].entries())
    writeFileSync(path.join(folder, `${i}.txt`), `${context}\n`);
  const drawn = squadQuestions(files[0] as string, Number(flags.n), Number(flags.seed));
  const questions = drawn.filter(({ answers }) => answers.length > 0).map(({ context, ...row }) => row);
  const file = path.join(work, 'open.jsonl');
  writeFileSync(file, jsonl(questions));
  return { set: 'SQuAD 2 open', questions, args: ['--data', file, '--context', folder, '--threshold', '0'] };
}

/** Questions about the documents of a language, all of them together. */
function languageSets() {
  const folder = path.join(root, 'tasks', 'qa', 'languages');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => {
      const file = path.join(folder, name);
      const questions = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as QuestionRow);
      const set = path.basename(name, '.jsonl');
      return { set, questions, args: ['--data', file, '--context', path.join(folder, set), '--threshold', '0'] };
    });
}

async function measure(model: string, set: string, args: readonly string[]): Promise<Report> {
  const tuned = flags.tune === undefined ? ['--untuned'] : [];
  const { stdout } = await runSlm(['eval', task, '-m', model, ...args, ...tuned, '--json'], {
    cwd: work,
    env,
    codes: [0, 100],
  });
  writeFileSync(path.join(work, `${model}${judged}-${set}.json`.replaceAll(' ', '-')), stdout);
  return JSON.parse(stdout) as Report;
}

function jsonl(questions: readonly QuestionRow[]): string {
  return questions.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function questionTable(): string {
  const head = [
    'questions',
    'n',
    'model',
    'answerable or not, AUROC',
    'answerable, always answering, token F1',
    'all, at the threshold, F1',
    'answered at the threshold',
    'right of those',
    'right at 50 % coverage',
    'ECE',
    'ECE by chance alone',
    'ungrounded',
    'tokens',
    's',
  ];
  return markdownTable(
    head,
    rows.map((row) => {
      const { set, model, report } = row;
      const { given, right, f1 } = atThreshold(row);
      const half = report.coverage[1]?.right ?? null;
      return [
        set,
        String(report.data.n),
        model + judged,
        figure(report, 'no-answer-auroc'),
        figure(report, 'token-f1-answerable'),
        f1.toFixed(3),
        `${given} of ${report.data.n}`,
        given === 0 ? '–' : `${right} (${(right / given).toFixed(3)})`,
        half === null ? '–' : half.toFixed(3),
        figure(report, 'answer-ece'),
        report.figures.find(({ name }) => name === 'answer-ece')?.byChance?.toFixed(3) ?? '–',
        ...costs(report),
      ];
    }),
  );
}

function fixtureTable(): string {
  const head = [
    'qa',
    'questions',
    'n',
    'exact match',
    'token F1',
    'answerable, token F1',
    'AUROC',
    'ungrounded',
    'tokens',
    's',
  ];
  return markdownTable(
    head,
    rows.map(({ set, model, report }) => [
      model + judged,
      set,
      String(report.data.n),
      ...['exact-match', 'token-f1', 'token-f1-answerable', 'no-answer-auroc'].map((name) => figure(report, name)),
      ...costs(report),
    ]),
  );
}

function costs({ ungrounded, speed, data }: Report): string[] {
  return [String(ungrounded), speed.tokensPerRecord.toFixed(0), (speed.seconds / data.n).toFixed(2)];
}

/** What the threshold of the task would have given. */
function atThreshold({ model, report, questions }: Row): {
  readonly given: number;
  readonly right: number;
  readonly f1: number;
} {
  const threshold = thresholdOf(model);
  const each = report.records.map(({ output }, i) => {
    const { answers } = questions[i] as QuestionRow;
    const answer = output?.type === 'answer' && output.score >= threshold ? output.answer : null;
    if (answer === null) return { given: false, f1: answers.length === 0 ? 1 : 0 };
    return { given: true, f1: Math.max(0, ...answers.map((gold) => f1Score(gold, answer))) };
  });
  const given = each.filter((one) => one.given);
  return {
    given: given.length,
    right: given.filter(({ f1 }) => f1 >= rightFrom).length,
    f1: each.reduce((sum, { f1 }) => sum + f1, 0) / Math.max(1, each.length),
  };
}

function figure({ figures }: Report, name: string): string {
  const found = figures.find((each) => each.name === name);
  if (found === undefined || found.value === null) return '–';
  const { value, interval } = found;
  return interval === null
    ? value.toFixed(3)
    : `${value.toFixed(3)} [${interval.low.toFixed(3)}–${interval.high.toFixed(3)}]`;
}
