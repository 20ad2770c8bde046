import { existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { usageError } from '../errors.js';
import type { FormatOptions, Writer } from '../formats/types.js';
import { type FailedRows, findFailedRows } from '../jobs/failed-rows.js';
import {
  type ClaimedOutput,
  type ClaimedResults,
  claimOutput,
  claimResults,
  hasAbstained,
  type Job,
} from '../jobs/job.js';
import { failedRecords, type Replacement, replaceRows } from '../jobs/retry.js';
import type { JobSpec } from '../jobs/spec.js';
import type { BadRow } from '../record.js';
import type { InputRecord, Prediction, TaskType } from '../types.js';
import type { CliContext } from './context.js';
import type { Input } from './inputs.js';
import { openOutput } from './output.js';

export interface PlaceFlags {
  output?: string;
  resume?: string | true;
  restart?: boolean;
  retryFailed?: boolean;
}

/** Counts of records. */
export interface Tally {
  readonly records: number;
  readonly failed: number;
  readonly abstained: number;
}

/** Where the results of a run go. */
export interface ResultSink {
  /** What was there before this run. */
  readonly before: Tally;
  /** Of the records of the input, those that this run is about. */
  select(records: AsyncIterable<InputRecord | BadRow>): AsyncIterable<InputRecord | BadRow>;
  write(prediction: Prediction, options: FormatOptions): Promise<void>;
  /** All records are done. */
  finish(options: FormatOptions | null): Promise<void>;
  /** The run ends before all records are done. Says how to go on, where that is possible. */
  stop(cause: 'interrupted' | 'error'): Promise<string | null>;
}

/** A place for results, before the model is loaded: what cannot work is refused without waiting. */
export type ResultPlace = (spec: () => Promise<JobSpec>, writer: Writer, type: TaskType) => Promise<ResultSink>;

const nothing: Tally = { records: 0, failed: 0, abstained: 0 };

/** The file that results go to; undefined for standard output. */
export function outputPath({ output, resume }: PlaceFlags): string | undefined {
  if (typeof resume !== 'string') return output === '-' ? undefined : output;
  if (output !== undefined && path.resolve(output) !== path.resolve(resume)) {
    throw usageError(
      `-o names "${output}", --resume names "${resume}"`,
      'Name the output once. If the second one is an input, put --resume at the end of the line.',
    );
  }
  return resume;
}

/**
 * Claims the place that the flags name.
 * @throws SlmError when it is taken, or holds something that would be lost
 */
export function claimPlace(context: CliContext, flags: PlaceFlags, inputs: readonly Input[]): ResultPlace {
  const named = outputPath(flags);
  const jobFlag = flags.retryFailed === true ? '--retry-failed' : flags.resume !== undefined ? '--resume' : null;
  if (jobFlag !== null && flags.restart === true)
    throw usageError(`--restart contradicts ${jobFlag}`, 'Leave one of them out.');
  if (flags.retryFailed === true && flags.resume !== undefined)
    throw usageError('--retry-failed contradicts --resume', 'Finish the job with --resume first, then retry.');
  if (named === undefined || !isFile(context, named)) {
    if (jobFlag !== null) {
      throw usageError(
        named === undefined ? `${jobFlag} needs an output file` : `${jobFlag} needs a file, and "${named}" is none`,
        'Name it with -o FILE.',
      );
    }
    return async (_spec, writer) => streamSink(openOutput(named, context.stdout), writer);
  }
  // As the user wrote it, for messages, unless it is a link.
  const real = realFile(context, named);
  const file = real === path.resolve(context.cwd, named) ? named : real;
  for (const { source } of inputs) {
    if (source.file !== '-' && realFile(context, source.file) === real && flags.retryFailed !== true)
      throw usageError(
        `"${named}" is both input and output`,
        'Name another output; it would be emptied before it is read.',
      );
  }
  if (flags.retryFailed === true) {
    const claimed = claimResults(file);
    context.onClose(async () => claimed.release());
    return (spec, writer, type) => retrySink(file, claimed, spec, writer, type);
  }
  const start = flags.restart === true ? 'restart' : flags.resume === undefined ? 'new' : 'resume';
  const claimed = claimOutput(file, start, context.now);
  context.onClose(async () => claimed.release());
  return (spec, writer) => jobSink(claimed, spec, writer, start === 'resume');
}

function isFile(context: CliContext, name: string): boolean {
  return statSync(path.resolve(context.cwd, name), { throwIfNoEntry: false })?.isFile() ?? true;
}

function realFile(context: CliContext, name: string): string {
  const absolute = path.resolve(context.cwd, name);
  const real = existsSync(absolute) ? realpathSync(absolute) : absolute;
  return real;
}

function streamSink(output: ReturnType<typeof openOutput>, writer: Writer): ResultSink {
  let begun = false;
  return {
    before: nothing,
    select: (records) => records,
    async write(prediction, options) {
      await output.write((begun ? '' : writer.start(options)) + writer.prediction(prediction, options));
      begun = true;
    },
    async finish(options) {
      if (options !== null) await output.write(writer.end(options));
      await output.close();
    },
    async stop(cause) {
      if (cause === 'interrupted') await output.close();
      return null;
    },
  };
}

async function jobSink(
  claimed: ClaimedOutput,
  spec: () => Promise<JobSpec>,
  writer: Writer,
  keep: boolean,
): Promise<ResultSink> {
  if (keep && writer.name === 'pretty') {
    throw usageError(
      '--resume cannot go on with the format pretty, which is for people',
      'Choose --format jsonl, csv or tsv.',
    );
  }
  const job: Job = await claimed.begin(await spec());
  return {
    before: job.start,
    select: (records) => job.rest(records),
    write: (prediction, options) =>
      job.write(
        prediction,
        (job.now.records === 0 ? writer.start(options) : '') + writer.prediction(prediction, options),
      ),
    // No format ends with anything; if one did, its end would have to go when a finished job is continued.
    finish: () => job.finish(keep),
    async stop() {
      await job.stop();
      return `${job.now.records} records are done; the same command with --resume goes on from there`;
    },
  };
}

async function retrySink(
  file: string,
  claimed: ClaimedResults,
  spec: () => Promise<JobSpec>,
  writer: Writer,
  type: TaskType,
): Promise<ResultSink> {
  claimed.check(await spec());
  const rows: FailedRows = await findFailedRows(file, writer.name, type);
  let replacement: Replacement | null = replaceRows(file, rows.failed);
  let cured = 0;
  let abstained = 0;
  const commit = async () => {
    replacement?.commit();
    replacement = null;
    await claimed.note({ failed: -cured, abstained });
  };
  return {
    before: nothing,
    select: (records) => failedRecords(records, rows, file),
    async write(prediction, options) {
      const header = writer.start(options);
      if (header !== rows.header) {
        throw usageError(
          `"${file}" has other columns than these results: ${rows.header.trim()}`,
          'Give the options again that it was made with (--no-pass-through, labels of the task).',
        );
      }
      replacement?.replace(writer.prediction(prediction, options));
      if (prediction.error === undefined) cured++;
      if (hasAbstained(prediction)) abstained++;
    },
    finish: commit,
    async stop(cause) {
      if (cause === 'interrupted') {
        await commit();
        return `${cured} results were replaced; --retry-failed goes on with the others`;
      }
      replacement?.discard();
      return null;
    },
  };
}
