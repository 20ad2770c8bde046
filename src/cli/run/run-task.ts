import { chooseSource, type SourceFlags } from '../../app/run/choose-source.js';
import { afterFirstNames, fieldNamesOf, namesIn } from '../../app/run/field-names.js';
import { meterInputs } from '../../app/run/input-meter.js';
import { checkFiles, chooseInputs, type InputFlags, limitToFirst, readRecords } from '../../app/run/inputs.js';
import { recogniseInputs } from '../../app/run/recognise-inputs.js';
import { resultForm } from '../../app/run/run-spec.js';
import { runStats } from '../../app/run/run-stats.js';
import { exitCodes, SlmError } from '../../errors.js';
import type { FormatOptions } from '../../formats/types.js';
import { placeOf } from '../../record.js';
import { isWithheld } from '../../task-types/withheld.js';
import type { CliContext } from '../context.js';
import { claimPlace } from '../output/claim-place.js';
import { keepRunFiles } from '../output/keep-files.js';
import { writeNamed } from '../output/write-named.js';
import { errorTally } from './error-tally.js';
import { chooseWriter, type FormatFlags, formatOptions, writesToTerminal } from './run-format.js';
import { createRunProgress, type ProgressKind } from './run-progress.js';

export interface RunFlags extends SourceFlags, InputFlags, FormatFlags {
  progress: ProgressKind;
  stats?: string | true;
}

/** Does the task on every record of the inputs. */
export async function runTask(
  context: CliContext,
  task: string,
  files: readonly string[],
  flags: RunFlags,
): Promise<void> {
  const explain = flags.explain === true;
  const limit = flags.limit ?? (explain ? limitToFirst(flags) : undefined);
  const inputFlags: InputFlags = { ...flags, ...(limit === undefined ? {} : { limit }) };
  const chosen = chooseInputs(context, files, flags);
  const writer = await chooseWriter(context, flags);
  await keepRunFiles(context, task, chosen, flags);
  // Before an earlier output is emptied for the results of an input that is not there.
  checkFiles(chosen, flags);
  const place = await claimPlace(context, flags);
  const inputs = await recogniseInputs(context, chosen, flags);
  const source = await chooseSource(context, task, inputs, flags);
  const { summary } = source;
  const form = { format: writer.name, offsets: flags.offsets, passThrough: flags.passThrough, explain };
  const spec = async () => ({ ...(await source.basis()), ...resultForm(inputs, inputFlags, form) });
  context.onClose(() => source.close());
  const needsNames = writer.hasHeader && flags.passThrough;
  // Reads the input to its end: what is wrong with it is said before an earlier output is emptied.
  const known = needsNames ? await fieldNamesOf(context, inputs, summary, inputFlags) : [];
  // So it is not for a run that was called off while the model was loading.
  context.signal.throwIfAborted();
  const sink = await place(spec, writer, summary.type);
  source.checkModel();

  const meter = meterInputs(inputs);
  const progress = createRunProgress(context, flags.progress);
  const start = context.now();
  let fieldNames: readonly string[] = known ?? [];
  let options: FormatOptions | null = null;
  let { records: done, failed, abstained } = sink.before;
  let runRecords = 0;
  const all = readRecords(context, meter.inputs, summary, inputFlags);
  const records = known === null ? afterFirstNames(all, (names) => (fieldNames = names)) : all;
  const lateFields = new Set<string>();
  const errors = errorTally(context.notice);
  try {
    for await (const prediction of source.predict(sink.select(records), { explain })) {
      source.checkModel();
      options ??= await formatOptions(context, summary, flags, fieldNames);
      if (writesToTerminal(context, flags)) progress.clear();
      await sink.write(prediction, options);
      done++;
      runRecords++;
      if (isWithheld(prediction)) abstained++;
      for (const name of needsNames ? namesIn(prediction.record) : []) {
        if (fieldNames.includes(name) || lateFields.has(name)) continue;
        lateFields.add(name);
        progress.clear();
        const why =
          known === null
            ? 'the first record does not have it. Give the input as a file, or choose --format jsonl.'
            : 'no record had it when the run began. Choose --format jsonl for an input that grows.';
        context.notice(`${placeOf(prediction.record.origin)}: the field "${name}" has no column: ${why}`);
      }
      if (prediction.error !== undefined) {
        failed++;
        progress.clear();
        errors.note(placeOf(prediction.record.origin), prediction.error);
      }
      const usage = source.usage();
      const tokens = usage === null ? null : usage.evaluatedTokens + usage.generatedTokens;
      const total = totalRecords(done, meter.fractionAt(prediction.record.origin), inputFlags);
      progress.update({ done, total, tokens, failed, abstained });
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
  errors.end();
  const interrupted = context.interrupted();
  // A table without rows has its header, too.
  options ??= await formatOptions(context, summary, flags, fieldNames);
  const hint = interrupted ? await sink.stop('interrupted') : await sink.finish(options);
  if (flags.stats !== undefined) {
    const stats = runStats({
      task: summary.name,
      model: summary.model,
      records: done,
      failed,
      abstained,
      runRecords,
      cached: source.cached(),
      seconds: (context.now() - start) / 1000,
      usage: source.usage(),
      peakRss: context.peakMemoryBytes(),
      interrupted,
    });
    if (flags.stats === true) context.stderr.write(`${JSON.stringify(stats)}\n`);
    else {
      const left = 'The results are written; only the statistics are missing.';
      writeNamed(context.cwd, flags.stats, `${JSON.stringify(stats, null, 2)}\n`, left);
    }
  }
  if (interrupted) {
    context.notice(`interrupted after ${runRecords} records${typeof hint === 'string' ? `; ${hint}` : ''}`);
    context.exit(exitCodes.interrupted);
  } else if (failed > 0) {
    context.notice(`${failed} of ${done} records failed; the other results are complete`);
    context.exit(exitCodes.someRecordsFailed);
  }
}

function totalRecords(done: number, fraction: number | null, { limit, shard }: InputFlags) {
  const parts = shard?.parts ?? 1;
  const most = limit === undefined ? Number.POSITIVE_INFINITY : Math.ceil(limit / parts);
  const estimate = fraction === null || fraction === 0 ? null : Math.max(done, Math.round(done / fraction));
  if (estimate === null) return null;
  return { records: Math.min(estimate, most), exact: estimate > most };
}
