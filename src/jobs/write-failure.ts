import { failure, type SlmError } from '../errors.js';
import { codeOf, isFull, refusalOf } from '../refusal.js';

/** An output that cannot be written to, in words for the user. */
export function writeFailure(shown: string, error: unknown, whenFull: string): SlmError {
  const needsRoom = isFull(error) || codeOf(error) === 'EFBIG';
  const hint = needsRoom ? whenFull : 'Check the path and its permissions.';
  return failure(`cannot write to ${shown}: ${refusalOf(error)}`, hint, error);
}
