import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { digestOf } from './rolling-digest.js';

const count = z.number().int().min(0);
const digest = z.string().length(32);

export const checkpointSchema = z.strictObject({
  /** Records of the job's part of the input that are done. */
  records: count,
  /** Size of the output with their results, bytes. */
  bytes: count,
  /** Digest of these records. */
  input: digest,
  /** Digest of these bytes. */
  output: digest,
  failed: count,
  abstained: count,
});

/** How far a job was at one moment. */
export type Checkpoint = z.infer<typeof checkpointSchema>;

export interface Journal {
  /** Notes a checkpoint, after the output has been written up to there. */
  write(checkpoint: Checkpoint): void;
  /** Waits until it is on the disk. */
  sync(): void;
  close(): void;
}

/**
 * The journal is a ring of lines of one length, so that it stays small however long the job is. After `kill -9` the
 * last line holds. After a power cut the output may be shorter than that, and an older line holds: a job must sync its
 * output at least once in `slots` checkpoints.
 */
export const slots = 1024;
const lineBytes = 256;

/** Begins a journal in place of an earlier one, in one step. */
export function createJournal(path: string, first: Checkpoint): Journal {
  const beside = `${path}.new`;
  const file = openSync(beside, 'w');
  const write = (checkpoint: Checkpoint) =>
    void writeSync(file, lineOf(checkpoint), 0, lineBytes, (checkpoint.records % slots) * lineBytes);
  try {
    // All of it at once: a disk that runs full later leaves the journal its room.
    writeSync(file, `${' '.repeat(lineBytes - 1)}\n`.repeat(slots));
    write(first);
    fdatasyncSync(file);
    renameSync(beside, path);
  } catch (error) {
    closeSync(file);
    rmSync(beside, { force: true });
    throw error;
  }
  return { write, sync: () => fdatasyncSync(file), close: () => closeSync(file) };
}

/** The checkpoints of a journal in their order; damaged lines are left out. Empty when there is no journal. */
export function readJournal(path: string): Checkpoint[] {
  const found: Checkpoint[] = [];
  const bytes = readIfThere(path);
  for (let at = 0; at + lineBytes <= bytes.length; at += lineBytes) {
    const checkpoint = parseLine(bytes.toString('utf8', at, at + lineBytes));
    if (checkpoint !== null) found.push(checkpoint);
  }
  return found.sort((a, b) => a.records - b.records);
}

function lineOf(checkpoint: Checkpoint): Buffer {
  const line = `${checksum(checkpoint)} ${JSON.stringify(checkpoint)}`;
  return Buffer.from(`${line.padEnd(lineBytes - 1)}\n`);
}

function parseLine(line: string): Checkpoint | null {
  const at = line.indexOf(' ');
  try {
    const checkpoint = checkpointSchema.parse(JSON.parse(line.slice(at + 1)));
    return line.slice(0, at) === checksum(checkpoint) ? checkpoint : null;
  } catch {
    return null;
  }
}

/** Over the values in a fixed order, so that half a line from one time and half from another never pass. */
function checksum({ records, bytes, input, output, failed, abstained }: Checkpoint): string {
  return digestOf([records, bytes, input, output, failed, abstained]).slice(0, 8);
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
