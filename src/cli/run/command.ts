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
    .description('run a task on files, or on standard input')
    .argument('<task>', 'a task name, or a path to a task.yaml or its folder')
    .argument('[files...]', 'input files (default: "-", standard input)')
    .option('-l, --lines', 'read every line as a record (default: a text file is one record)')
    .addOption(
      new Option('--input-format <name>', 'format of the input (default: by its suffix)').choices(Object.keys(readers)),
    )
    .addOption(new Option('-t, --text <text>', 'a text to read instead of files; may be repeated').argParser(collect))
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
        'output format (default: by the suffix of -o; else pretty on a terminal, tsv elsewhere)',
      ).choices(Object.keys(writers)),
    )
    .option('--json', 'the same as --format jsonl')
    .option('-o, --output <file>', 'write there instead of standard output')
    .addOption(
      new Option('--offsets <unit>', 'unit of offsets').choices(['codepoint', 'utf16', 'byte']).default('codepoint'),
    )
    .option('--no-pass-through', 'leave out the other fields of the input (jsonl, csv)')
    .addOption(shared.threshold())
    .addOption(shared.among())
    .addOption(shared.untuned())
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .option('--resume [file]', 'continue the interrupted job whose output is FILE (or the file of -o)')
    .option('--restart', 'start over, even if the output is that of an interrupted job')
    .option('--retry-failed', 'process the failed records of an output again and replace them there')
    .addOption(
      new Option('--shard <i/n>', 'process part i of n parts of the input: records i, i+n, i+2n, …').argParser(shard),
    )
    .option('--cache', 'keep results on this machine and reuse them for texts that are repeated')
    .addOption(
      new Option(
        '--progress <how>',
        'progress on stderr: a live line, only on a terminal (auto); one line a minute (plain); or none',
      )
        .choices(['auto', 'plain', 'none'])
        .default('auto'),
    )
    .option('--stats [file]', 'when done, write counts, speed and memory as JSON, to stderr or FILE')
    .option('--explain', 'show how the first record gets its result: prompt, scores, and the decision')
    .option('--dry-run', 'show the prompt of the first record; loads no model')
    .addOption(
      new Option(
        '--keep-alive <time>',
        'keep the model in memory after this run, until it is unused for this long: 90s, 10m, 1h',
      ).argParser(duration),
    )
    .option('--no-warm', 'load the model in this process, even if `slm warm` has it loaded')
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
