import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import {
  documentsFor,
  modelToFetch,
  openTaskFor,
  resolveNamed,
  type TaskFlags,
  withChoices,
} from '../../app/opening/open.js';
import { type GoldFlags, readGold } from '../../app/run/gold.js';
import { profileContext } from '../../app/surroundings.js';
import { exitCodes, failure, messageOf, usageError } from '../../errors.js';
import { evaluate, type Report } from '../../evaluate.js';
import { loadProfile } from '../../profile/index.js';
import { requireSomeAmong } from '../../task-types/among.js';
import type { Example, TaskProfile } from '../../types.js';
import type { CliContext } from '../context.js';
import { gold } from '../gold-options.js';
import { keepFiles, outputFiles } from '../keep-files.js';
import { measureEach } from '../measure-each.js';
import { list, shared, wholeNumber } from '../options.js';
import { createPaint } from '../paint.js';
import { comparisonText, reportText } from '../report-text.js';
import { supervise } from '../supervisor.js';
import { createEvalProgress } from '../ui/eval-progress.js';

interface EvalFlags extends TaskFlags, GoldFlags {
  data?: string;
  context?: string[];
  json?: boolean;
  output?: string;
  seed: number;
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
    .addOption(shared.maxRecordSize())
    .addOption(shared.limit())
    .addOption(shared.context())
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(
      new Option('-m, --model <models>', 'a model, or several with commas between them, to compare').env('SLM_MODEL'),
    )
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .option('--json', 'the whole report as JSON')
    .option('-o, --output <file>', 'write the report there as JSON, too')
    .addOption(new Option('--mistakes <n>', 'how many mistakes to list').argParser(wholeNumber(0)).default(10))
    .addOption(new Option('--seed <n>', 'seed of the bootstrap').argParser(wholeNumber(0)).default(1))
    .action(async (task: string, flags: EvalFlags) => {
      if (await supervise(context)) return;
      const profile = withChoices(await loadProfile(task, profileContext(context)), flags);
      const models = list(await modelToFetch(context, flags, profile));
      await keepFiles(context, profile, models, outputFiles(flags.output, '-o'), flags);
      const examples = await goldFor(context, profile, flags);
      requireSomeAmong(examples, profile); // Said before a model is loaded.
      // All of them are fetched and checked before the first is measured.
      for (const model of models) await resolveNamed(context, model);
      const { reports, problem } = await measureEach(
        models,
        (model) => measure(context, profile, examples, model, flags),
        context.interrupted,
      );
      await writeReports(context, reports, flags);
      if (problem !== null) throw problem;
      if (context.interrupted()) context.exit(exitCodes.interrupted);
      else if (reports.some((report) => report.goals.some((goal) => !goal.passed)))
        context.exit(exitCodes.belowMinimum);
      else if (reports.some((report) => report.failed > 0)) context.exit(exitCodes.someRecordsFailed);
    });
}

async function measure(
  context: CliContext,
  profile: TaskProfile,
  examples: readonly Example[],
  model: string,
  flags: EvalFlags,
): Promise<Report> {
  const documents = await documentsFor(context, profile, flags.context ?? []);
  const { task, close } = await openTaskFor(context, profile, { ...flags, model }, 'many', documents);
  try {
    const progress = await createEvalProgress(context, `${profile.name} on ${task.engine.model.name}`);
    try {
      return await evaluate(task, examples, {
        source: flags.data ?? 'fixtures',
        seed: flags.seed,
        now: context.now,
        // In kilobytes, by definition of getrusage as Node passes it on.
        peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
        onProgress: progress.update,
        signal: context.signal,
      });
    } finally {
      progress.end();
    }
  } finally {
    await close();
  }
}

/** The examples to measure on. */
function goldFor(context: CliContext, profile: TaskProfile, flags: EvalFlags): Promise<Example[]> | Example[] {
  if (flags.data !== undefined) return readGold(context, profile, flags.data, flags);
  if (profile.fixtures.length === 0) {
    throw usageError(
      `task "${profile.name}" has no fixtures`,
      'Write some (docs/tasks.md), or name labelled data with --data.',
    );
  }
  return profile.fixtures.slice(0, flags.limit ?? profile.fixtures.length);
}

async function writeReports(context: CliContext, reports: readonly Report[], flags: EvalFlags): Promise<void> {
  const paint = await createPaint(context.stdoutIsTerminal && context.color);
  const json = `${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`;
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
    if (reports.length > 1) context.stdout.write(comparisonText(reports));
  }
}
