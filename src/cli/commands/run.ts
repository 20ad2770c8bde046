import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { exitCodes, SlmError } from '../../errors.js';
import { writerFor, writers } from '../../formats/index.js';
import type { FormatOptions } from '../../formats/types.js';
import { bucketStore } from '../../jobs/bucket-store.js';
import { hasAbstained } from '../../jobs/job.js';
import { type CountedOutputs, knownOutputs } from '../../jobs/known-outputs.js';
import { type ModelFile, watchModelFile } from '../../jobs/model-file.js';
import type { JobSpec } from '../../jobs/spec.js';
import { describePrompt } from '../../methods/explain.js';
import { methodOf } from '../../methods/index.js';
import type { Document } from '../../methods/types.js';
import { type KnownOutputs, predict, type Task } from '../../predict.js';
import { loadProfile } from '../../profile/index.js';
import { isBadRow, placeOf } from '../../record.js';
import { readers } from '../../records/index.js';
import type { OffsetUnit } from '../../spans.js';
import type { TaskProfile } from '../../types.js';
import { type CliContext, cacheDirectory, profileContext } from '../context.js';
import { meterInputs } from '../input-meter.js';
import { chooseInputs, type Input, type InputFlags, isSingle, readRecords } from '../inputs.js';
import { chooseModel, documentsFor, openTaskFor, type TaskFlags, withThreshold } from '../open.js';
import { collect, shard, shared } from '../options.js';
import { createPaint } from '../paint.js';
import { promptModel } from '../prompt-model.js';
import { claimPlace, outputPath, type PlaceFlags } from '../result-sink.js';
import { outputBasis, resultForm } from '../run-spec.js';
import { runStats } from '../run-stats.js';
import { createRunProgress, type ProgressKind } from '../ui/run-progress.js';

interface RunFlags extends TaskFlags, InputFlags, PlaceFlags {
  format?: string;
  json?: boolean;
  cache?: boolean;
  progress: ProgressKind;
  stats?: string | true;
  offsets: OffsetUnit;
  passThrough: boolean;
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
  const inputFlags = { ...flags, ...(limit === undefined ? {} : { limit }) };
  const writer = chooseWriter(context, flags);
  const place = claimPlace(context, flags, inputs);
  const documents = await documentsFor(context, profile, flags.context ?? []);
  const opened = await openTaskFor(context, profile, flags, isSingle(inputs, flags) ? 'one' : 'many', documents);
  context.onClose(opened.close);
  const { task } = opened;
  const { engine } = task;
  const modelFile = watchModelFile(engine.model.path);
  let basisOnce: Promise<JobSpec> | null = null;
  const basis = () => {
    basisOnce ??= outputBasis(context, task, documents, flags);
    return basisOnce;
  };
  const form = { format: writer.name, offsets: flags.offsets, passThrough: flags.passThrough, explain };
  const sink = await place(
    async () => ({ ...(await basis()), ...resultForm(inputs, inputFlags, form) }),
    writer,
    profile.type,
  );
  const known = flags.cache === true ? openKnownOutputs(context, task, documents, await basis()) : null;
  modelFile.check();

  const meter = meterInputs(inputs);
  const progress = createRunProgress(context, flags.progress);
  const start = context.now();
  let fieldNames: readonly string[] | null = null;
  let options: FormatOptions | null = null;
  let { records: done, failed, abstained } = sink.before;
  let runRecords = 0;
  const records = watchFirst(readRecords(context, meter.inputs, profile, inputFlags), (first) => {
    fieldNames = Object.keys(isBadRow(first) ? first.row.fields : first.fields);
  });
  const predictions = predict(task, sink.select(records), {
    explain,
    now: context.now,
    signal: context.signal,
    // A result of a model that was written to must not stay.
    ...(known === null ? {} : { known: { ...known, set: checkedSet(modelFile, known) } }),
  });
  try {
    for await (const prediction of predictions) {
      modelFile.check();
      options ??= formatOptions(context, profile, flags, fieldNames ?? []);
      if (writesToTerminal(context, flags)) progress.clear();
      await sink.write(prediction, options);
      done++;
      runRecords++;
      if (hasAbstained(prediction)) abstained++;
      if (prediction.error !== undefined) {
        failed++;
        progress.clear();
        context.notice(`${placeOf(prediction.record.origin)}: ${prediction.error}`);
      }
      const { evaluatedTokens, generatedTokens } = engine.usage();
      const total = totalRecords(done, meter.fractionAt(prediction.record.origin), inputFlags);
      progress.update({ done, total, tokens: evaluatedTokens + generatedTokens, failed, abstained });
      if (context.interrupted()) break;
    }
  } catch (error) {
    progress.end();
    const hint = await sink.stop('error');
    // Where the output cannot be written to, the error itself says it.
    if (hint !== null && runRecords > 0 && !(error instanceof SlmError && error.kind === 'failure'))
      context.notice(hint);
    throw error;
  }
  progress.end();
  const interrupted = context.interrupted();
  const hint = interrupted ? await sink.stop('interrupted') : await sink.finish(options);
  if (flags.stats !== undefined) {
    const stats = runStats({
      task: profile.name,
      model: engine.model.name,
      records: done,
      failed,
      abstained,
      runRecords,
      cached: known?.hits ?? 0,
      seconds: (context.now() - start) / 1000,
      usage: engine.usage(),
      peakRss: process.resourceUsage().maxRSS * 1024,
      interrupted,
    });
    if (flags.stats === true) context.stderr.write(`${JSON.stringify(stats)}\n`);
    else writeFileSync(flags.stats, `${JSON.stringify(stats, null, 2)}\n`);
  }
  if (interrupted) {
    context.notice(`interrupted after ${runRecords} records${typeof hint === 'string' ? `; ${hint}` : ''}`);
    context.exit(exitCodes.interrupted);
  } else if (failed > 0) {
    context.notice(`${failed} of ${done} records failed; the others are there`);
    context.exit(exitCodes.someRecordsFailed);
  }
}

async function* watchFirst<T>(items: AsyncIterable<T>, see: (first: T) => void): AsyncGenerator<T> {
  let seen = false;
  for await (const item of items) {
    if (!seen) see(item);
    seen = true;
    yield item;
  }
}

function openKnownOutputs(
  context: CliContext,
  task: Task,
  documents: readonly Document[],
  basis: JobSpec,
): CountedOutputs {
  return knownOutputs(bucketStore(path.join(cacheDirectory(context), 'results')), task, documents, basis);
}

function checkedSet(modelFile: ModelFile, known: KnownOutputs): KnownOutputs['set'] {
  return (record, output) => {
    modelFile.check();
    return known.set(record, output);
  };
}

function totalRecords(done: number, fraction: number | null, { limit, shard }: InputFlags) {
  const parts = shard?.parts ?? 1;
  const most = limit === undefined ? Number.POSITIVE_INFINITY : Math.ceil(limit / parts);
  const estimate = fraction === null || fraction === 0 ? null : Math.max(done, Math.round(done / fraction));
  if (estimate === null) return null;
  return { records: Math.min(estimate, most), exact: estimate > most };
}

function chooseWriter(context: CliContext, flags: RunFlags) {
  const output = outputPath(flags);
  const named = flags.json === true ? 'jsonl' : (flags.format ?? null);
  if (named === null && output === undefined && (context.stdoutIsTerminal || flags.explain === true))
    return writers.pretty;
  return writerFor(named, output ?? null);
}

function writesToTerminal(context: CliContext, flags: RunFlags): boolean {
  return outputPath(flags) === undefined && context.stdoutIsTerminal;
}

function formatOptions(
  context: CliContext,
  profile: TaskProfile,
  flags: RunFlags,
  fieldNames: readonly string[],
): FormatOptions {
  return {
    taskType: profile.type,
    labels: profile.labels.map((label) => label.name),
    multiLabel: profile.multiLabel,
    offsets: flags.offsets,
    passThrough: flags.passThrough,
    fieldNames: flags.passThrough ? fieldNames.filter((name) => name !== profile.input) : [],
    width: context.columns,
    paint: createPaint(writesToTerminal(context, flags) && context.color),
  };
}

/** The prompt of the first record, as the model would be given it. */
async function showPrompt(
  context: CliContext,
  profile: TaskProfile,
  inputs: readonly Input[],
  flags: RunFlags,
): Promise<void> {
  const model = await promptModel(context, chooseModel(context, flags, profile), profile);
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
