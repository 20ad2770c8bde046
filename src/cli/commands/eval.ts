import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { defaults } from '../../app/defaults.js';
import { type EvaluateFlags, evaluateTask, planEvaluation } from '../../app/evaluating/evaluate-task.js';
import { exitCodes, failure, messageOf } from '../../errors.js';
import type { Report } from '../../evaluate.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { gold } from '../gold-options.js';
import { keepFiles, outputFiles } from '../keep-files.js';
import { list, shared, wholeNumber } from '../options.js';
import { requireFolders } from '../overwriting.js';
import { createPaint } from '../paint.js';
import { comparisonText, reportText } from '../report-text.js';
import { supervise } from '../supervisor.js';
import { showMeasuring } from '../ui/eval-progress.js';

interface EvalFlags extends Omit<EvaluateFlags, 'models' | 'data'> {
  data?: string;
  model?: string[];
  json?: boolean;
  output?: string;
  mistakes: number;
}

/** `slm eval`: how good a task is, on its own fixtures or on any labelled data. */
export function evalCommand(context: CliContext): Command {
  return new Command('eval')
    .description('measure a task on its fixtures, or on labelled data')
    .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
    .option('-d, --data <file>', 'labelled data instead of the fixtures; "-" is standard input')
    .addOption(gold.dataFormat())
    .addOption(shared.field())
    .addOption(gold.labelField())
    .addOption(gold.labelMap())
    .addOption(shared.columns())
    .addOption(shared.delimiter())
    .addOption(shared.encoding())
    .addOption(shared.maxRecordSize())
    .addOption(shared.limit())
    .addOption(shared.context())
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(
      new Option('-m, --model <models>', 'a model, or several with commas between them, to compare')
        .env('SLM_MODEL')
        .argParser(list),
    )
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .option('--json', 'the whole report as JSON')
    .option('-o, --output <file>', 'write the report there as JSON, too')
    .addOption(new Option('--mistakes <n>', 'how many mistakes to list').argParser(wholeNumber(0)).default(10))
    .addOption(new Option('--seed <n>', 'seed of the bootstrap').argParser(wholeNumber(0)).default(defaults.seed))
    .action(async (task: string, flags: EvalFlags) => {
      if (await supervise(context)) return;
      const { model, ...options } = flags;
      const measured = { ...options, ...(model === undefined ? {} : { models: model }) };
      requireFolders(context.cwd, outputFiles(flags.output, '-o'));
      const planned = await planEvaluation(context, task, measured);
      await keepFiles(context, planned.profile, planned.models, outputFiles(flags.output, '-o'), flags);
      const surroundings = { ...context, measuring: await showMeasuring(context) };
      const { reports, problem } = await evaluateTask(surroundings, planned, measured);
      await writeReports(context, reports, flags);
      if (problem !== null) throw problem;
      if (context.interrupted()) context.exit(exitCodes.interrupted);
      else if (reports.some((report) => report.goals.some((goal) => !goal.passed)))
        context.exit(exitCodes.belowMinimum);
      else if (reports.some((report) => report.failed > 0)) context.exit(exitCodes.someRecordsFailed);
    });
}

async function writeReports(context: CliContext, reports: readonly Report[], flags: EvalFlags): Promise<void> {
  const paint = await createPaint(context.stdoutIsTerminal && context.color);
  const json = jsonText(reports.length === 1 ? reports[0] : reports);
  if (flags.output !== undefined) {
    try {
      writeFileSync(flags.output, json);
    } catch (error) {
      context.stdout.write(json);
      throw failure(
        `cannot write ${flags.output}: ${messageOf(error)}`,
        'The report is on standard output instead.',
        error,
      );
    }
  }
  if (flags.json === true) context.stdout.write(json);
  else {
    for (const report of reports)
      context.stdout.write(reportText(report, { paint, mistakes: flags.mistakes, width: context.columns }));
    if (reports.length > 1) context.print(comparisonText(reports));
  }
}
