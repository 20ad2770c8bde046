import { fstatSync, readFileSync, statSync } from 'node:fs';
import { failure, type SlmError } from '../../errors.js';

/**
 * The error for a standard output that is closed (`>&-`); null where it is open. Before any of our code runs, Node
 * opens /dev/null in the place of a closed one, for reading and writing; a shell's `> /dev/null` is for writing only.
 * Programs that give us /dev/null in Node's way cannot be told apart. Only Linux says how a file was opened.
 */
export function closedOutput(): SlmError | null {
  if (!isOpenedByNode()) return null;
  return failure(
    'standard output is closed, or /dev/null opened for reading and writing: the results would be lost',
    'Write them to a file with -o FILE, or discard them with "> /dev/null".',
  );
}

function isOpenedByNode(): boolean {
  try {
    if (fstatSync(1).rdev !== statSync('/dev/null').rdev) return false;
    const flags = /^flags:\s*([0-7]+)$/mu.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))?.[1] ?? '0';
    const readAndWrite = 2;
    return (Number.parseInt(flags, 8) & 3) === readAndWrite;
  } catch {
    return false;
  }
}
