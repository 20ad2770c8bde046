import { Command, InvalidArgumentError, Option } from 'commander';
import { defaults } from '../../app/defaults.js';
import type { CliContext } from '../context.js';
import { readsLabelledData } from '../gold-options.js';
import { duration, shared, wholeNumber } from '../options.js';
import { supervise } from '../supervisor.js';
import type { TuneCommandFlags } from './tune-task.js';

/** `slm tune`: a task made good by labelled examples; the model stays as it is. */
export function tuneCommand(context: CliContext): Command {
  return readsLabelledData(
    new Command('tune')
      .description('improve a task with labelled examples, without changing the model')
      .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
      .option('-d, --data <file>', 'labelled data; "-" is standard input (default: the examples of the task)'),
  )
    .option('--teacher <model>', 'learn from labels of this larger model; --data then corrects and measures it')
    .option('--unlabelled <file>', 'texts for the teacher to label (default: those of --data, ignoring their labels)')
    .option(
      '--embedder <model>',
      'also try heads over this embedding model, alone and joined with the model; for questions, it orders passages',
    )
    .addOption(
      new Option('--method <kind>', 'candidates to try: all (auto), heads, or label scores')
        .choices(['auto', 'head', 'scores'])
        .default(defaults.tuning.method),
    )
    .addOption(
      new Option(
        '--budget <time>',
        'time for the search, such as 5m; the final fit takes up to that again, or 5 minutes',
      )
        .argParser(duration)
        .default(defaults.tuning.budget, '10m'),
    )
    .addOption(
      new Option('--precision <p>', 'choose the threshold so that this share of the given results is right')
        .argParser(share)
        .conflicts('coverage'),
    )
    .addOption(
      new Option('--coverage <p>', 'choose the threshold so that this share of the results is given').argParser(share),
    )
    .addOption(
      new Option(
        '--take <which>',
        'which candidate to install: the simplest one not clearly worse than the best, or the best',
      )
        .choices(['simplest', 'best'])
        .default(defaults.tuning.take),
    )
    .addOption(
      new Option(
        '--layers <n>',
        'try heads on at most n layers of the model; fewer layers are faster and less accurate',
      ).argParser(wholeNumber(1)),
    )
    .addOption(new Option('--seed <n>', 'seed of all random choices').argParser(wholeNumber(0)).default(defaults.seed))
    .option('--no-words', 'do not add word counts to heads; better for texts unlike the tuning data')
    .option('--no-compare', 'install the best candidate without comparing it with the current task')
    .option('--reset', 'remove the tuned settings for the model')
    .option(
      '--into <folder>',
      "folder for the tuned settings (default: the task's tuned/; for built-in tasks, your configuration folder)",
    )
    .option('--json', 'print the report as JSON')
    .option('--report <file>', 'also write the report to FILE as a web page')
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .action(async (task: string, flags: TuneCommandFlags) => {
      if (await supervise(context)) return;
      const { reset, tune } = await import('./tune-task.js');
      await (flags.reset === true ? reset : tune)(context, task, flags);
    });
}

function share(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < 1)) throw new InvalidArgumentError('Expected a number between 0 and 1.');
  return number;
}
