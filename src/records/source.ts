import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { patternHint, type SlmError, usageError } from '../errors.js';
import { codeOf, isForbidden, refusalOf } from '../refusal.js';
import type { ByteSource } from './types.js';

const readBytes = 256 * 1024;

/**
 * The bytes of a file, read as they are asked for.
 * @param cwd base of a relative path. Default: the working folder of the process
 */
export function fileSource(path: string, cwd = ''): ByteSource {
  return {
    file: path,
    async *open() {
      try {
        yield* createReadStream(resolve(cwd, path), { highWaterMark: readBytes });
      } catch (error) {
        throw openError(path, error);
      }
    },
  };
}

/**
 * Refuses a file that could not be read, without opening it: a pipe can be opened only once.
 * @throws SlmError
 */
export function checkReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  } catch (error) {
    throw openError(path, error);
  }
}

/** The bytes of standard input, which is passed in. */
export function stdinSource(stream: AsyncIterable<Uint8Array>): ByteSource {
  return { file: '-', open: () => stream };
}

function openError(path: string, error: unknown): SlmError {
  switch (codeOf(error)) {
    case 'ENOENT':
      return usageError(`no file "${path}"`, patternHint(path) ?? 'Check the path; "-" reads standard input.', error);
    case 'EISDIR':
      return usageError(`"${path}" is a folder`, `Name the files in it: ${path.replace(/\/+$/, '')}/*`, error);
    default: {
      const hint = isForbidden(error) ? 'Check its permissions: ls -l' : undefined;
      return usageError(`"${path}" cannot be read: ${refusalOf(error)}`, hint, error);
    }
  }
}
