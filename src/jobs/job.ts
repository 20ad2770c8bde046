import {
  closeSync,
  createReadStream,
  existsSync,
  fdatasync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { SlmError, usageError } from '../errors.js';
import { type BadRow, isBadRow } from '../record.js';
import { isWithheld } from '../task-types/withheld.js';
import type { InputRecord, Prediction } from '../types.js';
import { type Checkpoint, createJournal, type Journal, readJournal, slots } from './journal.js';
import { lockOutput, type OutputLock } from './lock.js';
import { createRollingDigest, type RollingDigest, recordIdentity } from './rolling-digest.js';
import { readSidecar, type Sidecar, writeSidecar } from './sidecar.js';
import { differences, type JobSpec } from './spec.js';
import { writeFailure } from './write-failure.js';

/** The files that a job keeps beside its output while it runs. */
export function jobFiles(output: string) {
  return { sidecar: `${output}.job.json`, journal: `${output}.job.journal`, lock: `${output}.job.lock` } as const;
}

export type JobStart = 'new' | 'resume' | 'restart';

/** An output that no other process may write to, and what is known of it. */
export interface ClaimedOutput {
  /**
   * Begins the job, or goes on with it.
   * @throws SlmError when the job that was begun is another one; nothing is changed then
   */
  begin(spec: JobSpec): Promise<Job>;
  release(): void;
}

/** Results on their way to a file, so that the work can be broken off anywhere and continued. */
export interface Job {
  /** The state of the output before this run. */
  readonly start: Checkpoint;
  readonly now: Checkpoint;
  /**
   * The records that are left.
   * @throws SlmError when those before them are not the ones that the results were made from
   */
  rest(records: AsyncIterable<InputRecord | BadRow>): AsyncGenerator<InputRecord | BadRow>;
  /** Adds the text of the next record's results, as a whole or not at all. */
  write(prediction: Prediction, text: string): Promise<void>;
  /**
   * Everything is done. With `keep`, a note of that stays, so that the job can be continued when its input grows.
   * @param empty what the output of no records is; a job that can be continued writes it with its first record
   */
  finish(keep: boolean, empty?: string): Promise<void>;
  /** Leaves everything so that it can be continued. */
  stop(): Promise<void>;
}

const syncMs = 5000;
const sync = promisify(fdatasync);

/**
 * Claims an output file.
 * @throws SlmError when another process has it, when it holds a job that would be lost, or when there is nothing
 *   that could be continued
 */
export function claimOutput(path: string, start: JobStart, now: () => number): ClaimedOutput {
  const files = jobFiles(path);
  const lock = lockFor(path);
  try {
    const sidecar = start === 'restart' ? null : readSidecar(files.sidecar);
    if (start === 'new' && sidecar?.state === 'running') refuseToLose(path);
    if (start === 'resume' && sidecar === null) refuseUnknown(path);
    const before = start === 'resume' ? sidecar : null;
    return {
      begin: async (spec) => {
        try {
          return await openJob(path, before, spec, lock, now);
        } catch (error) {
          throw error instanceof SlmError ? error : writeFailure(path, error, 'Free some space and try again.');
        }
      },
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** An output whose failed records are to be tried again. */
export interface ClaimedResults {
  /** @throws SlmError when it was made with other settings than these; only a finished job with a note can tell */
  check(spec: JobSpec): void;
  /**
   * To be called before the file is replaced by one of these bytes, with so many failed and withheld results more or
   * less: should the process die after that, the note of its end, where it has one, fits the old file and the new one.
   * @returns brings the note up to date; to be called after
   */
  prepare(
    change: { readonly failed: number; readonly abstained: number },
    file: Pick<Checkpoint, 'bytes' | 'output'>,
  ): () => void;
  release(): void;
}

/** Settings that may differ when failed records are retried, since some records need other settings to succeed. */
const curable = ['context size', 'longest record', 'slm'];

/** Claims an output that is there. */
export function claimResults(path: string): ClaimedResults {
  if (!existsSync(path)) throw usageError(`"${path}" does not exist, so it has no failed records to retry`);
  const files = jobFiles(path);
  const lock = lockFor(path);
  try {
    const sidecar = readSidecar(files.sidecar);
    if (sidecar?.state === 'running') {
      throw usageError(
        `"${path}" holds a job that has not finished.`,
        'Finish it with --resume, then retry its failed records.',
      );
    }
    const end = sidecar?.end ?? null;
    return {
      check(spec) {
        if (sidecar === null) return;
        const relevant = Object.fromEntries(Object.entries(spec).filter(([name]) => !curable.includes(name)));
        const before = Object.fromEntries(Object.entries(sidecar.spec).filter(([name]) => !curable.includes(name)));
        refuseDifferent(path, before, relevant);
      },
      prepare({ failed, abstained }, file) {
        if (sidecar === null || end === null) return () => undefined;
        const now = { ...end, ...file, failed: end.failed + failed, abstained: end.abstained + abstained };
        createJournal(files.journal, now).close();
        return () => {
          writeSidecar(files.sidecar, { ...sidecar, end: now });
          rmSync(files.journal, { force: true });
        };
      },
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function refuseDifferent(path: string, before: Readonly<Record<string, unknown>>, spec: JobSpec): void {
  const different = differences(before, spec);
  if (different.length === 0) return;
  throw usageError(
    `"${path}" was started with other settings:\n${different.map((line) => `       ${line}`).join('\n')}`,
    'Use the same settings, or start over with --restart.',
  );
}

function lockFor(path: string): OutputLock {
  try {
    return lockOutput(jobFiles(path).lock, path);
  } catch (error) {
    throw error instanceof SlmError ? error : writeFailure(path, error, 'Free some space and try again.');
  }
}

function refuseToLose(path: string): void {
  const done = readJournal(jobFiles(path).journal).at(-1)?.records;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (done === 0 || (done === undefined && size === 0)) return;
  throw usageError(
    `"${path}" holds a job that has not finished: ${done ?? 'an unknown number of'} records are done.`,
    'Go on with --resume, or start over with --restart.',
  );
}

function refuseUnknown(path: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  throw usageError(
    `"${path}" exists, but not as an interrupted job: it is finished, or was made in another way.`,
    'Start over with --restart, or name another output. Only jobs that are started with --resume record that they have finished.',
  );
}

async function openJob(
  path: string,
  before: Sidecar | null,
  spec: JobSpec,
  lock: OutputLock,
  now: () => number,
): Promise<Job> {
  const files = jobFiles(path);
  if (before !== null) refuseDifferent(path, before.spec, spec);
  const { at, output } = before === null ? beginning() : await findStart(path, before);
  const journal = createJournal(files.journal, at);
  writeSidecar(files.sidecar, { version: 1, state: 'running', spec, end: null });
  const file = openSync(path, existsSync(path) ? 'r+' : 'w');
  ftruncateSync(file, at.bytes);
  return jobOn(path, file, { at, output, journal, spec, lock, now });
}

function beginning(): { at: Checkpoint; output: RollingDigest } {
  const output = createRollingDigest();
  const none = output.value();
  return { at: { records: 0, bytes: 0, input: none, output: none, failed: 0, abstained: 0 }, output };
}

/** The last checkpoint that the output has reached; what comes after it in the file is half a record. */
async function findStart(path: string, { end }: Sidecar): Promise<{ at: Checkpoint; output: RollingDigest }> {
  const journal = readJournal(jobFiles(path).journal);
  // A process that was killed while it replaced failed results has left the end of the new file there.
  const replaced = end === null ? undefined : journal.find(({ records }) => records === end.records);
  if (replaced !== undefined) {
    const output = await digestOfStart(path, replaced.bytes);
    if (output.value() === replaced.output) return { at: replaced, output };
  }
  const checkpoints = end === null ? journal : [end];
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const at = checkpoints.findLast(({ bytes }) => bytes <= size);
  if (at === undefined) {
    if (size === 0) return beginning();
    throw usageError(
      `cannot tell how much of "${path}" is done: ${checkpoints.length === 0 ? 'its journal is missing' : 'it is shorter than its journal says'}.`,
      'Start over with --restart.',
    );
  }
  const output = await digestOfStart(path, at.bytes);
  if (output.value() === at.output) return { at, output };
  throw usageError(
    `"${path}" was changed since its job stopped.`,
    'Put it back as it was, or start over with --restart.',
  );
}

/** Of the first `bytes` of a file, or of all where it has fewer. */
async function digestOfStart(path: string, bytes: number): Promise<RollingDigest> {
  const output = createRollingDigest();
  if (bytes === 0 || !existsSync(path)) return output;
  for await (const chunk of createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 })) output.update(chunk);
  return output;
}

interface JobState {
  readonly at: Checkpoint;
  readonly output: RollingDigest;
  readonly journal: Journal;
  readonly spec: JobSpec;
  readonly lock: OutputLock;
  readonly now: () => number;
}

function jobOn(path: string, file: number, { at: start, output, journal, spec, lock, now }: JobState): Job {
  const files = jobFiles(path);
  const input = createRollingDigest();
  let at = start;
  let syncedAt = now();
  let unsynced = 0;

  const close = () => {
    closeSync(file);
    journal.close();
  };
  const flush = async () => {
    lock.check();
    await sync(file);
    journal.sync();
    syncedAt = now();
    unsynced = 0;
  };
  const failed = (error: unknown): SlmError =>
    error instanceof SlmError
      ? error
      : writeFailure(
          `"${path}"`,
          error,
          `${at.records} records are done and whole. Free some space, then go on with --resume.`,
        );

  return {
    start,
    get now() {
      return at;
    },
    async *rest(records) {
      let skipped = 0;
      for await (const record of records) {
        if (skipped < start.records) {
          skipped++;
          input.update(identityOf(record));
          if (skipped === start.records && input.value() !== start.input) throw otherInput(path, start.records);
        } else {
          yield record;
        }
      }
      if (skipped < start.records) throw shortInput(path, skipped, start.records);
    },
    async write(prediction, text) {
      const bytes = Buffer.from(text);
      try {
        if (unsynced >= slots / 2 || now() - syncedAt > syncMs) await flush();
      } catch (error) {
        // The output may be another process's by now: nothing of it is touched.
        throw failed(error);
      }
      try {
        input.update(recordIdentity(prediction.record));
        append(file, bytes, at.bytes);
        output.update(bytes);
        const next = {
          records: at.records + 1,
          bytes: at.bytes + bytes.length,
          input: input.value(),
          output: output.value(),
          failed: at.failed + (prediction.error === undefined ? 0 : 1),
          abstained: at.abstained + (isWithheld(prediction) ? 1 : 0),
        };
        journal.write(next);
        at = next;
        unsynced++;
      } catch (error) {
        // Half a record, or one that the journal does not know of, is none.
        ftruncateSync(file, at.bytes);
        throw failed(error);
      }
    },
    async finish(keep, empty = '') {
      try {
        if (at.records === 0 && !keep) append(file, Buffer.from(empty), at.bytes);
        await flush();
        if (keep) writeSidecar(files.sidecar, { version: 1, state: 'finished', spec, end: at });
        else rmSync(files.sidecar, { force: true });
      } catch (error) {
        throw failed(error);
      }
      close();
      rmSync(files.journal, { force: true });
      lock.release();
    },
    async stop() {
      // If the disk takes no more, the output stays incomplete; the journal knows how to go back.
      await flush().catch(() => undefined);
      close();
      lock.release();
    },
  };
}

function identityOf(record: InputRecord | BadRow): string {
  return recordIdentity(isBadRow(record) ? { ...record, fields: record.row.fields } : record);
}

function append(file: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(file, bytes, written, bytes.length - written, position + written);
}

function otherInput(path: string, records: number): SlmError {
  return usageError(
    `the input is not the one that "${path}" was made from: its first ${records} records differ.`,
    'Give the same input again, or start over with --restart. More records at its end are fine.',
  );
}

function shortInput(path: string, found: number, records: number): SlmError {
  return usageError(
    `the input is not the one that "${path}" was made from: it has ${found} records, but ${records} were done.`,
    'Give the same input again, or start over with --restart.',
  );
}
