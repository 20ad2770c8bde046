import { Command, InvalidArgumentError, Option } from 'commander';
import type { ChosenCascade } from '../../app/cascading/choose-cascade.js';
import { defaults } from '../../app/defaults.js';
import type { CascadeGoal } from '../../cascade/choose.js';
import { usageError } from '../../errors.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { readsLabelledData } from '../gold-options.js';
import { list, shared, wholeNumber } from '../options.js';
import { supervise } from '../supervisor.js';
import { tableText } from '../terminal/table.js';
import { showMeasuring } from './eval-progress.js';

interface Flags {
  data?: string;
  model?: string[];
  target?: number;
  time?: number;
  json?: boolean;
  seed: number;
  maxRecordSize: number;
}

/** `slm cascade`: how sure a small model must be before a larger one is spared. */
export function cascadeCommand(context: CliContext): Command {
  return readsLabelledData(
    new Command('cascade')
      .description(
        'choose, on labelled data, how sure a small model must be to answer; a larger model answers the rest',
      )
      .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
      .requiredOption('-d, --data <file>', 'labelled data that no model was tuned on; "-" is standard input')
      .addOption(
        new Option('-m, --model <models>', 'the models in the order in which they are asked, separated by commas')
          .argParser(list)
          .makeOptionMandatory(),
      )
      .addOption(
        new Option('--target <value>', 'choose the fastest cascade whose metric reaches this value').argParser(figure),
      )
      .addOption(
        new Option(
          '--time <share>',
          "choose the best cascade that takes at most this share of the last model's time",
        ).argParser(figure),
      ),
  )
    .addOption(shared.context())
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .addOption(new Option('--seed <n>', 'seed of the bootstrap').argParser(wholeNumber(0)).default(defaults.seed))
    .option('--json', 'print the choice as JSON')
    .action(async (task: string, { model = [], data = '', target, time, json, ...flags }: Flags) => {
      if (await supervise(context)) return;
      if (target !== undefined && time !== undefined)
        throw usageError('--target and --time contradict each other', 'Give one of them.');
      const goal: CascadeGoal =
        target !== undefined
          ? { kind: 'value', value: target }
          : time !== undefined
            ? { kind: 'time', share: time }
            : { kind: 'last' };
      const { chooseCascade } = await import('../../app/cascading/choose-cascade.js');
      const surroundings = { ...context, measuring: await showMeasuring(context) };
      const chosen = await chooseCascade(surroundings, task, { ...flags, models: model, data, goal });
      if (json === true) {
        const { reports, ...rest } = chosen;
        context.stdout.write(jsonText({ ...rest, alone: reports.map(({ records: _, ...report }) => report) }));
      } else context.print(chosenText(task, chosen));
    });
}

function figure(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number > 0 && number <= 1)) {
    throw new InvalidArgumentError('Expected a number above 0, up to 1.');
  }
  return number;
}

function chosenText(task: string, { reference, reports, metric, goal, reached, choice, file }: ChosenCascade): string {
  const number = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(3));
  const rows = reports.map((report, s) => [
    report.model.name,
    choice.thresholds[s] === undefined ? 'the rest' : `from ${choice.thresholds[s].toFixed(4)}`,
    `${(100 * (choice.shares[s] ?? 0)).toFixed(1)} %`,
    number(report.figures.find(({ name }) => name === metric)?.value),
    report.speed.cost.secondsPerThousand.toFixed(1),
  ]);
  const cascade = ['the cascade', '', '100.0 %', number(choice.value), (1000 * choice.secondsPerRecord).toFixed(1)];
  const last = (reports.at(-1)?.speed.cost.secondsPerThousand ?? 1) / 1000;
  const share = ((100 * choice.secondsPerRecord) / last).toFixed(0);
  return `${tableText(['', 'answers', 'share', metric, 's/1000'], [...rows, cascade], ['left', 'left', 'right'])}chosen for ${goal}${
    reached ? '' : '; NOT REACHED, this is the nearest choice'
  }: ${share} % of the last model's time
${metric} of the models is of each alone; that of the cascade is on the records that it was chosen on, so a little too good
kept in ${file}
measure it on other data: slm eval ${task} -m ${reports.map(({ model }) => model.name).join(',')},${reference} --data OTHER
use it: slm run ${task} -m ${reference}
`;
}
