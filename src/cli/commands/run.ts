import { Command, Option } from 'commander';
import { exitCodes } from '../../errors.js';
import { writerFor, writers } from '../../formats/index.js';
import type { FormatOptions } from '../../formats/types.js';
import { describePrompt } from '../../methods/explain.js';
import { methodOf } from '../../methods/index.js';
import { predict } from '../../predict.js';
import { loadProfile } from '../../profile/index.js';
import { isBadRow, placeOf } from '../../record.js';
import { readers } from '../../records/index.js';
import type { OffsetUnit } from '../../spans.js';
import type { TaskProfile } from '../../types.js';
import { type CliContext, profileContext } from '../context.js';
import { chooseInputs, type Input, type InputFlags, isSingle, readRecords } from '../inputs.js';
import { chooseModel, documentsFor, type EngineFlags, openModel, openTaskOn, withThreshold } from '../open.js';
import { collect, shared } from '../options.js';
import { openOutput } from '../output.js';
import { createPaint } from '../paint.js';
import { promptModel } from '../prompt-model.js';
import { createStatusLine } from '../ui/status-line.js';

interface RunFlags extends EngineFlags, InputFlags {
  format?: string;
  json?: boolean;
  output?: string;
  offsets: OffsetUnit;
  passThrough: boolean;
  threshold?: number;
  context?: string[];
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
    .action(async (task: string, files: string[], flags: RunFlags) => {
      const profile = withThreshold(await loadProfile(task, profileContext(context)), flags.threshold);
      const inputs = chooseInputs(context, files, flags);
      if (flags.dryRun === true) await showPrompt(context, profile, inputs, flags);
      else await run(context, profile, inputs, flags);
    });
}

async function run(
  context: CliContext,
  profile: TaskProfile,
  inputs: readonly Input[],
  flags: RunFlags,
): Promise<void> {
  const explain = flags.explain === true;
  const limit = flags.limit ?? (explain ? 1 : undefined);
  const writer = chooseWriter(context, flags);
  const documents = await documentsFor(context, profile, flags.context ?? []);
  const engine = await openModel(
    context,
    await chooseModel(context, flags, profile),
    flags,
    isSingle(inputs, flags) ? 'one' : 'many',
  );
  context.onClose(() => engine.dispose());
  const task = await openTaskOn(context, profile, engine, documents);

  const output = openOutput(flags.output, context.stdout);
  const status = createStatusLine(context);
  const records = readRecords(context, inputs, profile, { ...flags, ...(limit === undefined ? {} : { limit }) });
  const start = context.now();
  let options: FormatOptions | null = null;
  let done = 0;
  let failed = 0;
  for await (const prediction of predict(task, records, { explain, now: context.now, signal: context.signal })) {
    if (options === null) {
      options = formatOptions(context, profile, flags, Object.keys(prediction.record.fields));
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

function chooseWriter(context: CliContext, flags: RunFlags) {
  const toTerminal = flags.output === undefined && context.stdoutIsTerminal;
  const named = flags.json === true ? 'jsonl' : (flags.format ?? null);
  if (named === null && (toTerminal || flags.explain === true) && flags.output === undefined) return writers.pretty;
  return writerFor(named, flags.output ?? null);
}

function formatOptions(
  context: CliContext,
  profile: TaskProfile,
  flags: RunFlags,
  fieldNames: readonly string[],
): FormatOptions {
  const toTerminal = flags.output === undefined && context.stdoutIsTerminal;
  return {
    taskType: profile.type,
    labels: profile.labels.map((label) => label.name),
    multiLabel: profile.multiLabel,
    offsets: flags.offsets,
    passThrough: flags.passThrough,
    fieldNames: flags.passThrough ? fieldNames.filter((name) => name !== profile.input) : [],
    width: context.columns,
    paint: createPaint(toTerminal && context.color),
  };
}

/** The prompt of the first record, as the model would be given it. */
async function showPrompt(
  context: CliContext,
  profile: TaskProfile,
  inputs: readonly Input[],
  flags: RunFlags,
): Promise<void> {
  const model = await promptModel(context, await chooseModel(context, flags, profile), profile);
  const render = methodOf(profile).renderer(profile, model);
  for await (const record of readRecords(context, inputs, profile, { ...flags, limit: 1 })) {
    if (isBadRow(record)) {
      context.notice(record.error);
      context.exit(exitCodes.someRecordsFailed);
      return;
    }
    context.stdout.write(`${describePrompt(render(record.fields))}\n`);
  }
}
