import { createWriteStream } from 'node:fs';
import { writeFailure } from '../../jobs/write-failure.js';

/** Where results go. */
export interface Output {
  /** Resolves when the stream wants more, so that a slow reader slows us down. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Thrown when the reader of our output has gone (`| head`): a normal end. */
export class OutputClosed extends Error {}

/** Standard output, or a file. */
export function openOutput(path: string | undefined, stdout: NodeJS.WritableStream): Output {
  const stream: NodeJS.WritableStream = path === undefined || path === '-' ? stdout : createWriteStream(path);
  const ours = stream !== stdout;
  let problem: Error | null = null;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    problem = error.code === 'EPIPE' ? new OutputClosed() : outputError(path, error);
  });
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        if (problem !== null) return reject(problem);
        stream.write(text, (error) => (error ? reject(problem ?? outputError(path, error)) : resolve()));
      }),
    close: () =>
      new Promise((resolve, reject) => {
        if (!ours) return problem === null || problem instanceof OutputClosed ? resolve() : reject(problem);
        stream.end(() => (problem === null ? resolve() : reject(problem)));
      }),
  };
}

function outputError(path: string | undefined, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE') return new OutputClosed();
  return writeFailure(path ?? 'standard output', error, 'What was written before is complete.');
}
