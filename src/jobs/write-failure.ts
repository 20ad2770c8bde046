import { failure, messageOf, type SlmError } from '../errors.js';

/** An output that cannot be written to, in words for the user. */
export function writeFailure(shown: string, error: unknown, whenFull: string): SlmError {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return failure(`cannot write to ${shown}: the disk is full`, whenFull, error);
    case 'EFBIG':
      return failure(`cannot write to ${shown}: the file may not become larger (ulimit -f)`, whenFull, error);
    default:
      return failure(`cannot write to ${shown}: ${messageOf(error)}`, 'Check the path and its permissions.', error);
  }
}
