import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { findDocuments, isPattern } from '../../documents/find.js';
import { patternHint, usageError } from '../../errors.js';
import { codeOf, isForbidden, refusalOf } from '../../refusal.js';

/** What the words of a command line are. */
export interface AskArguments {
  /** Null where questions are typed, or read line by line. */
  readonly question: string | null;
  /** Files and folders to answer from; `-` is standard input. */
  readonly folders: readonly string[];
}

/**
 * Tells the question from the files. What exists is a path, also in the place of the question: `slm ask notes`. So is
 * `notes/*.md` where it names a file, since a shell leaves it as it is within quotes.
 * @throws SlmError where a file is not there or cannot be reached, or where standard input would be read twice
 */
export function readArguments(cwd: string, first: string | undefined, files: readonly string[]): AskArguments {
  if (first === undefined) return { question: null, folders: ['.'] };
  // An empty name would be this folder.
  if (first.trim() === '') throw usageError('the question is empty');
  const isPath = first !== '-' && exists(cwd, first);
  const missing = files.find((name) => name !== '-' && !exists(cwd, name));
  if (missing !== undefined)
    throw usageError(
      `no file or folder "${missing}"`,
      patternHint(missing) ?? 'Put quotes around a question: slm ask "who is it?" notes/',
    );
  if (first === '-') {
    throw usageError(
      '"-" is no question',
      'Leave it out to read questions from standard input; slm ask "who is it?" - answers from standard input.',
    );
  }
  if (!isPath) return { question: first, folders: files.length === 0 ? ['.'] : files };
  if (files.includes('-')) {
    throw usageError(
      `"${first}" is a file or folder, so questions come from standard input, and "-" cannot be a document`,
      'Put the question first: slm ask "who is it?" notes/ -',
    );
  }
  return { question: null, folders: [first, ...files] };
}

/** Codes of the system for a name that nothing has. A question can be longer than a name may be. */
const absent = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'];

/** @throws SlmError where there may be something, and it cannot be read */
function exists(cwd: string, name: string): boolean {
  try {
    accessSync(path.resolve(cwd, name), constants.R_OK);
    return true;
  } catch (error) {
    if (isPattern(name) && findDocuments(name, cwd).files.length > 0) return true;
    if (absent.includes(codeOf(error))) return false;
    throw usageError(
      `"${name}" cannot be read: ${refusalOf(error)}`,
      isForbidden(error) ? 'Check its permissions and those of the folders that it is in: ls -ld' : undefined,
      error,
    );
  }
}
