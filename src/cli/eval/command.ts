import { Command, Option } from 'commander';
import stringify from 'json-stringify-pretty-compact';
import { defaults } from '../../app/defaults.js';
import {
  type EvaluateFlags,
  type Evaluation,
  evaluateTask,
  type PlannedEvaluation,
  planEvaluation,
} from '../../app/evaluating/evaluate-task.js';
import { differencesOf } from '../../compare/compare.js';
import { exitCodes, usageError } from '../../errors.js';
import { harmlessJson } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { readsLabelledData } from '../gold-options.js';
import { collect, list, shared, wholeNumber } from '../options.js';
import { keepFiles, outputFiles } from '../output/keep-files.js';
import { requireFolders } from '../output/overwriting.js';
import { writeNamed } from '../output/write-named.js';
import { supervise } from '../supervisor.js';
import { createPaint } from '../terminal/paint.js';
import { showMeasuring } from './eval-progress.js';
import { comparisonText, differenceText, gateText, reportText } from './report-text.js';

interface EvalFlags extends Omit<EvaluateFlags, 'models' | 'data'> {
  data?: string;
  model?: string[];
  json?: boolean;
  output?: string;
  differences?: string;
  junit?: string;
  report?: string;
  mistakes: number;
}

/** `slm eval`: how good a task is, on its own fixtures or on any labelled data. */
export function evalCommand(context: CliContext): Command {
  return readsLabelledData(
    new Command('eval')
      .description('measure a task on its fixtures, or on labelled data')
      .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
      .option('-d, --data <file>', 'labelled data instead of the fixtures; "-" is standard input'),
  )
    .addOption(shared.context())
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(
      new Option('-m, --model <models>', 'a model, or several to compare, separated by commas')
        .env('SLM_MODEL')
        .argParser(list),
    )
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .addOption(
      new Option(
        '--probe <what>',
        'order: repeat with the labels in other orders, and report how many results change',
      ).choices(['order']),
    )
    .option('--baseline <file>', 'compare, record by record, with an earlier report (from `slm eval -o`)')
    .addOption(
      new Option(
        '--gate <condition>',
        'exit with code 100 unless this holds: "accuracy >= 0.9", "A >= B - 0.02"; may be repeated',
      ).argParser(collect),
    )
    .option('--json', 'print the whole report as JSON')
    .option('-o, --output <file>', 'also write the report to FILE, as JSON')
    .option('--differences <file>', 'write the records on which the models differ to FILE, as JSON Lines')
    .option('--report <file>', 'write the report to FILE as a web page, with a plot of quality against cost')
    .option('--junit <file>', 'write goals, gates and records to FILE as JUnit XML, for continuous integration')
    .addOption(new Option('--mistakes <n>', 'how many mistakes to list').argParser(wholeNumber(0)).default(10))
    .addOption(new Option('--seed <n>', 'seed of the bootstrap').argParser(wholeNumber(0)).default(defaults.seed))
    .action(async (task: string, flags: EvalFlags) => {
      if (await supervise(context)) return;
      const { model, ...options } = flags;
      const measured = { ...options, ...(model === undefined ? {} : { models: model }) };
      const outputs = outputsOf(flags);
      requireFolders(context.cwd, outputs);
      const planned = await planEvaluation(context, task, measured);
      refuseUncompared(planned, flags);
      const read = flags.baseline === undefined ? [] : [{ path: flags.baseline, what: '--baseline' }];
      await keepFiles(context, planned.profile, planned.models, outputs, flags, read);
      const surroundings = { ...context, measuring: await showMeasuring(context) };
      const evaluation = await evaluateTask(surroundings, planned, measured);
      await writeEvaluation(context, evaluation, flags);
      const { reports, gates, problem } = evaluation;
      if (problem !== null) throw problem;
      if (context.interrupted()) context.exit(exitCodes.interrupted);
      else if (
        gates.some(({ passed }) => !passed) ||
        reports.some((report) => report.goals.some((goal) => !goal.passed))
      )
        context.exit(exitCodes.belowMinimum);
      else if (reports.some((report) => report.failed > 0)) context.exit(exitCodes.someRecordsFailed);
    });
}

/** `slm compare TASK -m A,B`: `slm eval`, by the name that people try first. */
export function compareCommand(context: CliContext): Command {
  return evalCommand(context)
    .name('compare')
    .description('compare models on a task: the same as eval with several models, -m A,B');
}

function outputsOf(flags: EvalFlags) {
  return [
    ...outputFiles(flags.output, '-o'),
    ...outputFiles(flags.differences, '--differences'),
    ...outputFiles(flags.report, '--report'),
    ...outputFiles(flags.junit, '--junit'),
  ];
}

/** @throws SlmError where differences are wanted of one model alone */
function refuseUncompared({ models, earlier }: PlannedEvaluation, { differences }: EvalFlags): void {
  if (differences === undefined || models.length + earlier.length > 1) return;
  throw usageError(
    '--differences needs two to compare',
    'Name several models (-m A,B), or an earlier report (--baseline FILE).',
  );
}

/** Writes the report alone or, where there are several, all of them with their comparison. */
function jsonOf({ reports, comparison, gates }: Evaluation): string {
  const value =
    reports.length === 1 && comparison === null
      ? reports[0]
      : { reports, comparison, ...(gates.length > 0 ? { gates } : {}) };
  // A line for each record: pretty-printed, their scores would fill thousands.
  return `${harmlessJson(stringify(value, { maxLength: 200 }))}\n`;
}

async function writeEvaluation(context: CliContext, evaluation: Evaluation, flags: EvalFlags): Promise<void> {
  const { examples, reports, subjects, comparison, gates } = evaluation;
  const paint = await createPaint(context.stdoutIsTerminal && context.color);
  const json = jsonOf(evaluation);
  const differences = subjects.length > 1 ? differencesOf(examples, subjects) : [];
  let problem: unknown = null;
  const write = (file: string | undefined, text: string) => {
    if (file === undefined) return;
    try {
      writeNamed(context.cwd, file, text, 'The report is on standard output instead.');
    } catch (error) {
      problem ??= error;
    }
  };
  write(flags.output, json);
  write(flags.differences, differences.map((difference) => `${harmlessJson(JSON.stringify(difference))}\n`).join(''));
  if (flags.report !== undefined) {
    const { evalPage } = await import('./eval-page.js');
    write(flags.report, evalPage(evaluation, differences));
  }
  if (flags.junit !== undefined) {
    const { junitXml } = await import('./junit.js');
    write(flags.junit, junitXml(evaluation));
  }
  if (problem !== null) {
    context.stdout.write(json);
    throw problem;
  }
  if (flags.json === true) {
    context.stdout.write(json);
    return;
  }
  const options = { paint, mistakes: flags.mistakes, width: context.columns };
  for (const report of reports) context.stdout.write(reportText(report, options));
  if (comparison !== null) context.print(comparisonText(comparison));
  context.stdout.write(differenceText(differences, options));
  context.stdout.write(gateText(gates, paint));
}
