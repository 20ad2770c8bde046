import { Command, Option } from 'commander';
import { exitCodes } from '../../errors.js';
import { writerFor, writers } from '../../formats/index.js';
import type { FormatOptions, Writer } from '../../formats/types.js';
import type { TaskFace } from '../../host/protocol.js';
import { placeOf } from '../../record.js';
import { readers } from '../../records/index.js';
import type { OffsetUnit } from '../../spans.js';
import type { CliContext } from '../context.js';
import { chooseInputs, type Input, type InputFlags, isSingle, readRecords } from '../inputs.js';
import { collect, duration, shared } from '../options.js';
import { openOutput } from '../output.js';
import { createPaint } from '../paint.js';
import type { TaskFlags, TaskSource } from '../task-source.js';
import { createStatusLine } from '../ui/status-line.js';

interface RunFlags extends TaskFlags, InputFlags {
  format?: string;
  json?: boolean;
  output?: string;
  offsets: OffsetUnit;
  passThrough: boolean;
  warm: boolean;
  keepAlive?: number;
  explain?: boolean;
  dryRun?: boolean;
}

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
    .addOption(shared.maxRecordSize())
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
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
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
    .action(async (task: string, files: string[], flags: RunFlags) => {
      if (flags.dryRun === true) {
        const { showPrompt } = await import('../dry-run.js');
        await showPrompt(context, task, chooseInputs(context, files, flags), flags);
      } else await run(context, task, files, flags);
    });
}

async function run(context: CliContext, task: string, files: readonly string[], flags: RunFlags): Promise<void> {
  const explain = flags.explain === true;
  const limit = flags.limit ?? (explain ? 1 : undefined);
  const inputs = chooseInputs(context, files, flags);
  const writer = await chooseWriter(context, flags);
  const source = await openSource(context, task, inputs, flags);

  const output = openOutput(flags.output, context.stdout);
  const status = createStatusLine(context);
  const records = readRecords(context, inputs, source.face, { ...flags, ...(limit === undefined ? {} : { limit }) });
  const start = context.now();
  let options: FormatOptions | null = null;
  let done = 0;
  let failed = 0;
  for await (const prediction of source.predict(records, { explain })) {
    if (options === null) {
      options = await formatOptions(context, source.face, flags, Object.keys(prediction.record.fields));
      await output.write(writer.start(options));
    }
    status.clear();
    await output.write(writer.prediction(prediction, options));
    done++;
    if (prediction.error !== undefined) {
      failed++;
      context.notice(`${placeOf(prediction.record.origin)}: ${prediction.error}`);
    }
    const perSecond = done / Math.max(0.001, (context.now() - start) / 1000);
    status.show(`${done} records, ${perSecond.toFixed(1)} a second${failed > 0 ? `, ${failed} failed` : ''}`);
    if (context.interrupted()) break;
  }
  status.clear();
  if (options !== null) await output.write(writer.end(options));
  await output.close();
  if (context.interrupted()) {
    context.notice(`interrupted after ${done} records`);
    context.exit(exitCodes.interrupted);
  } else if (failed > 0) {
    context.notice(`${failed} of ${done} records failed; the others are there`);
    context.exit(exitCodes.someRecordsFailed);
  }
}

/** A warm host where one has this task ready, else the model in this process. */
async function openSource(
  context: CliContext,
  task: string,
  inputs: readonly Input[],
  flags: RunFlags,
): Promise<TaskSource> {
  const openHere = async () => {
    const { loadEarly } = await import('../early-model.js');
    const early = await loadEarly(context, task, flags);
    const source = await import('../task-source.js');
    return source.openHere(context, task, flags, isSingle(inputs, flags) ? 'one' : 'many', early);
  };
  // What explains itself, or shows the log of llama.cpp, must be here; and standard input cannot be in two places.
  const mayBeWarm = flags.warm && flags.explain !== true && !context.debug && flags.context?.includes('-') !== true;
  if (!mayBeWarm) return openHere();
  const { openWarm } = await import('../warm.js');
  if (flags.keepAlive !== undefined) {
    const { startHost } = await import('../start-host.js');
    await startHost(context, task, { ...flags, keepAlive: flags.keepAlive });
  }
  return (await openWarm(context, task, flags, openHere)) ?? openHere();
}

function chooseWriter(context: CliContext, flags: RunFlags): Promise<Writer> {
  const toTerminal = flags.output === undefined && context.stdoutIsTerminal;
  const named = flags.json === true ? 'jsonl' : (flags.format ?? null);
  if (named === null && (toTerminal || flags.explain === true) && flags.output === undefined) return writers.pretty();
  return writerFor(named, flags.output ?? null);
}

async function formatOptions(
  context: CliContext,
  face: TaskFace,
  flags: RunFlags,
  fieldNames: readonly string[],
): Promise<FormatOptions> {
  const toTerminal = flags.output === undefined && context.stdoutIsTerminal;
  return {
    taskType: face.type,
    labels: face.labels,
    multiLabel: face.multiLabel,
    offsets: flags.offsets,
    passThrough: flags.passThrough,
    fieldNames: flags.passThrough ? fieldNames.filter((name) => name !== face.input) : [],
    width: context.columns,
    paint: await createPaint(toTerminal && context.color),
  };
}
