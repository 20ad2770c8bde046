import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { failure, messageOf } from '../../errors.js';

/**
 * Writes a file that an option names, relative to the working folder.
 * @param left what there is although the file is not, for the hint
 * @throws SlmError of kind `failure` where the system refuses it: a full disk is no defect of ours
 */
export function writeNamed(cwd: string, file: string, text: string, left: string): void {
  try {
    writeFileSync(path.resolve(cwd, file), text);
  } catch (error) {
    throw failure(`cannot write ${file}: ${messageOf(error)}`, left, error);
  }
}
