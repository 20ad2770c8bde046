import { closeSync, openSync, readSync } from 'node:fs';
import { usageError } from '../../errors.js';
import type { Writer } from '../../formats/types.js';
import { type FailedRows, findFailedRows } from '../../jobs/failed-rows.js';
import {
  type ClaimedOutput,
  type ClaimedResults,
  claimOutput,
  claimResults,
  type Job,
  type JobStart,
} from '../../jobs/job.js';
import { failedRecords, type Replacement, replaceRows } from '../../jobs/retry.js';
import type { JobSpec } from '../../jobs/spec.js';
import { isWithheld } from '../../task-types/withheld.js';
import type { TaskType } from '../../types.js';
import { nothing, type ResultPlace, type ResultSink } from './result-sink.js';

/**
 * Functions that a claim needs from its caller: a clock in milliseconds, and a hook that frees it when the work has
 * ended.
 */
export interface JobKeeping {
  now(): number;
  onClose(action: () => Promise<void>): void;
}

/**
 * A file that a job writes, so that it can be continued.
 * @throws SlmError when it is taken, or holds something that would be lost
 */
export function claimJob({ now, onClose }: JobKeeping, file: string, start: JobStart): ResultPlace {
  const claimed = claimOutput(file, start, now);
  onClose(async () => claimed.release());
  return (spec, writer) => jobSink(file, claimed, spec, writer, start === 'resume');
}

/** A file whose failed records are done again. */
export function claimRetry({ onClose }: JobKeeping, file: string): ResultPlace {
  const claimed = claimResults(file);
  onClose(async () => claimed.release());
  return (spec, writer, type) => retrySink(file, claimed, spec, writer, type);
}

async function jobSink(
  file: string,
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
  let checked = job.start.records === 0;
  const checkHeader = (header: string) => {
    if (!checked && headerOf(file, header) !== header) {
      throw usageError(
        `the columns of "${file}" differ from those of the new results: ${header.trim()}`,
        'If the input has a new field, name another output, or start over with --restart.',
      );
    }
    checked = true;
  };
  return {
    before: job.start,
    select: (records) => job.rest(records),
    async write(prediction, options) {
      const header = writer.start(options);
      checkHeader(header);
      await job.write(prediction, (job.now.records === 0 ? header : '') + writer.prediction(prediction, options));
    },
    // No format ends with anything; if one did, its end would have to go when a finished job is continued.
    finish: (options) => job.finish(keep, writer.start(options)),
    async stop() {
      await job.stop();
      return `${job.now.records} records are done; the same command with --resume goes on from there`;
    },
  };
}

/** Reads the beginning of a file, as long as a header. */
function headerOf(file: string, header: string): string {
  const bytes = Buffer.alloc(Buffer.byteLength(header));
  const handle = openSync(file, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(handle, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(handle);
  }
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
    let note: () => void = () => undefined;
    replacement?.commit((after) => {
      note = claimed.prepare({ failed: -cured, abstained }, after);
    });
    replacement = null;
    note();
  };
  return {
    before: nothing,
    select: (records) => failedRecords(records, rows, file),
    async write(prediction, options) {
      const header = writer.start(options);
      if (header !== rows.header) {
        throw usageError(
          `the columns of "${file}" differ from those of these results: ${rows.header.trim()}`,
          'Use the same options as when it was made (--no-pass-through, labels of the task).',
        );
      }
      replacement?.replace(writer.prediction(prediction, options));
      if (prediction.error === undefined) cured++;
      if (isWithheld(prediction)) abstained++;
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
