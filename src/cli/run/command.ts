import { Command, Option } from 'commander';
import { chooseInputs } from '../../app/run/inputs.js';
import { writers } from '../../formats/index.js';
import { readers } from '../../records/index.js';
import type { CliContext } from '../context.js';
import { collect, duration, shard, shared } from '../options.js';
import type { RunFlags } from './run-task.js';

/** `slm run`: text in, results out. */
export function runCommand(context: CliContext): Command {
  return new Command('run')
    .description('do a task on files, or on standard input')
    .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
    .argument('[files...]', 'what to read; "-" or nothing is standard input')
    .option('-l, --lines', 'every line is a record (a text file is one document otherwise)')
    .addOption(
      new Option('--input-format <name>', 'how to read, instead of by the suffix').choices(Object.keys(readers)),
    )
    .addOption(new Option('-t, --text <text>', 'take this text instead of a file; may be repeated').argParser(collect))
    .addOption(shared.field())
    .addOption(shared.columns())
    .addOption(shared.delimiter())
    .addOption(shared.encoding())
    .addOption(shared.maxRecordSize())
    .addOption(shared.maxWord())
    .addOption(shared.limit())
    .addOption(shared.context())
    .addOption(
      new Option(
        '-f, --format <name>',
        'output format (default: by the suffix of -o, pretty on a terminal, else tsv)',
      ).choices(Object.keys(writers)),
    )
    .option('--json', 'the same as --format jsonl')
    .option('-o, --output <file>', 'write there instead of standard output')
    .addOption(
      new Option('--offsets <unit>', 'how offsets are counted')
        .choices(['codepoint', 'utf16', 'byte'])
        .default('codepoint'),
    )
    .option('--no-pass-through', 'leave out the other fields of the input (jsonl, csv)')
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .option('--resume [file]', 'go on with the job whose output is FILE (or that of -o) where it was broken off')
    .option('--restart', 'start over, even where the output holds a job that was broken off')
    .option('--retry-failed', 'do the failed records of an output again, and put the results in their place')
    .addOption(
      new Option('--shard <i/n>', 'do the i-th of n parts of the input: records i, i+n, i+2n, …').argParser(shard),
    )
    .option('--cache', 'keep results on this machine, and take those of texts that come again')
    .addOption(
      new Option(
        '--progress <how>',
        'on stderr: a live line on a terminal (auto), a line a minute anywhere, or nothing',
      )
        .choices(['auto', 'plain', 'none'])
        .default('auto'),
    )
    .option('--stats [file]', 'in the end write counts, speed and memory as JSON, to stderr or FILE')
    .option(
      '--explain',
      'show for the first record what the model was given, what it scored, and why the result is what it is',
    )
    .option('--dry-run', 'show the prompt of the first record; loads no model')
    .addOption(
      new Option(
        '--keep-alive <time>',
        'leave the model in memory for the next run, until it was not used for so long: 90s, 10m, 1h',
      ).argParser(duration),
    )
    .option('--no-warm', 'load the model here, even where `slm warm` has it ready')
    .action(async (task: string, files: string[], flags: RunFlags & { dryRun?: boolean }) => {
      if (flags.dryRun === true) {
        const { showPrompt } = await import('./dry-run.js');
        const { recogniseInputs } = await import('../../app/run/recognise-inputs.js');
        const inputs = await recogniseInputs(context, chooseInputs(context, files, flags), flags);
        await showPrompt(context, task, inputs, flags);
      } else {
        const { runTask } = await import('./run-task.js');
        await runTask(context, task, files, flags);
      }
    });
}
