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
      .description('make a task good by labelled examples, without changing the model')
      .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
      .option('-d, --data <file>', 'labelled data; "-" is standard input (default: the examples of the task)'),
  )
    .option('--teacher <model>', 'a larger model labels texts to learn from; --data then corrects and judges it')
    .option('--unlabelled <file>', 'texts for the teacher (default: those of --data, whose labels are then not read)')
    .option('--embedder <model>', 'an embedding model to measure on the same examples, too')
    .addOption(
      new Option('--method <kind>', 'what is tried: everything, heads over frozen features, or label scores')
        .choices(['auto', 'head', 'scores'])
        .default(defaults.tuning.method),
    )
    .addOption(
      new Option('--budget <time>', 'time for the search, such as 5m; the last fit comes on top')
        .argParser(duration)
        .default(defaults.tuning.budget, '10m'),
    )
    .addOption(
      new Option('--precision <p>', 'choose the threshold so that this share of what is given is right')
        .argParser(share)
        .conflicts('coverage'),
    )
    .addOption(
      new Option('--coverage <p>', 'choose the threshold so that this share of the results is given').argParser(share),
    )
    .addOption(
      new Option('--take <which>', 'of the trials: the simplest that is not clearly worse than the best, or the best')
        .choices(['simplest', 'best'])
        .default(defaults.tuning.take),
    )
    .addOption(
      new Option(
        '--layers <n>',
        'heads of no more layers of the model than that: fewer are faster, and less accurate',
      ).argParser(wholeNumber(1)),
    )
    .addOption(new Option('--seed <n>', 'seed of every draw').argParser(wholeNumber(0)).default(defaults.seed))
    .option('--no-words', 'no counts of words beside the model: for texts of other kinds than those tuned on')
    .option('--no-compare', 'install what is best without measuring the task as it is')
    .option('--reset', 'remove what was tuned for the model')
    .option(
      '--into <folder>',
      "write the tuned settings there (default: the task's tuned/, or for built-in tasks yours)",
    )
    .option('--json', 'the report as JSON')
    .option('--report <file>', 'write a report as a web page, too')
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
