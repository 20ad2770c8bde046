import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { failure } from '../errors.js';
import { checkpointSchema } from './journal.js';

const schema = z.strictObject({
  /** Version of this file format. */
  version: z.literal(1),
  state: z.enum(['running', 'finished']),
  spec: z.record(z.string(), z.unknown()),
  /** Where a finished job ended. */
  end: checkpointSchema.nullable(),
});

/** The file beside an output: it describes the job, and says whether it has finished. */
export type Sidecar = z.infer<typeof schema>;

/** Null when there is none. */
export function readSidecar(path: string): Sidecar | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw failure(
      `"${path}" (the description of an unfinished job) is damaged, or another version of slm wrote it.`,
      'Start over with --restart, or remove it.',
      error,
    );
  }
}

/**
 * In one step: nobody ever reads half of it. By a fixed name, unlike `replaceFile`: whoever writes has the lock of the
 * output, and writes over the file that a killed process has left.
 */
export function writeSidecar(path: string, sidecar: Sidecar): void {
  const beside = `${path}.new`;
  try {
    writeFileSync(beside, `${JSON.stringify(sidecar, null, 2)}\n`, { flush: true });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
