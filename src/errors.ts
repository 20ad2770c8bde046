import { closest, distance } from 'fastest-levenshtein';

/** Exit codes, documented in docs/cli.md. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  model: 3,
  someRecordsFailed: 4,
  belowMinimum: 100,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorKind = 'failure' | 'usage' | 'model' | 'interrupted';

/** Codes by which programs tell errors apart; documented in docs/library.md. */
export type SlmErrorCode = `SLM_${Uppercase<ErrorKind>}`;

/**
 * An error whose message is meant for the user: what happened and where, with `hint` saying what to do next.
 * Anything else that is thrown is a defect of ours and is reported as such, unless the system refused a file.
 */
export class SlmError extends Error {
  override readonly name = 'SlmError';
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.hint = options.hint;
  }

  get code(): SlmErrorCode {
    return `SLM_${this.kind.toUpperCase() as Uppercase<ErrorKind>}`;
  }

  get exitCode(): number {
    return exitCodes[this.kind];
  }
}

/** Bad arguments or an invalid input file: exit code 2. */
export function usageError(message: string, hint?: string, cause?: unknown): SlmError {
  return new SlmError('usage', message, { ...(hint === undefined ? {} : { hint }), cause });
}

/** The model is missing or unusable: exit code 3. */
export function modelError(message: string, hint?: string, cause?: unknown): SlmError {
  return new SlmError('model', message, { ...(hint === undefined ? {} : { hint }), cause });
}

/** A prompt has more tokens than the context of the model: exit code 1. */
export class PromptTooLong extends SlmError {
  constructor(tokens: number, contextSize: number) {
    super('failure', `the prompt needs ${tokens} tokens, the context holds ${contextSize}`, {
      hint: 'Raise --context-size, use fewer or shorter examples, or split the text.',
    });
  }
}

/** Something failed while running: exit code 1. */
export function failure(message: string, hint?: string, cause?: unknown): SlmError {
  return new SlmError('failure', message, { ...(hint === undefined ? {} : { hint }), cause });
}

const permissions = 'Check the path and its permissions.';
const space = 'Free some space, and run the same command again.';
const advice: Readonly<Record<string, string>> = {
  EACCES: permissions,
  EPERM: permissions,
  EROFS: permissions,
  ENOTDIR: 'Check the path: a part of it is no folder.',
  ENAMETOOLONG: 'Choose a shorter name.',
  ELOOP: 'Check the links in the path.',
  ENOSPC: space,
  EDQUOT: space,
};

/**
 * An error of the system that refuses a file, with what to do next: no defect of the program, wherever it happens.
 * @returns any other error as it is
 */
export function refusedBySystem(error: unknown): unknown {
  if (error instanceof SlmError || !(error instanceof Error)) return error;
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  // A folder that cannot be made although those above it are there, as in /proc.
  const isClosed = code === 'ENOENT' && syscall === 'mkdir';
  const hint = path === undefined ? undefined : isClosed ? permissions : advice[code];
  return hint === undefined ? error : failure(messageOf(error), hint, error);
}

/**
 * What to do about a name with `*` or `?` that no file has: a shell expands it, unless it stands in quotes. Undefined for
 * other names.
 */
export function patternHint(name: string): string | undefined {
  return /[*?]/u.test(name)
    ? 'Leave out the quotes around it: the shell puts the names of the files there.'
    : undefined;
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The problem with a JSON text, without the piece that the parser quotes: the file may hold text that nobody meant to
 * show.
 */
export function jsonProblem(error: unknown): string {
  return messageOf(error).replace(/, (?:\.\.\.)?".*" is not valid JSON$/su, '');
}

/**
 * The candidate that `word` was probably meant to be, or null when none is close: at most 2 edits, or a third of the word,
 * and something of it is left.
 */
function didYouMean(word: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0) return null;
  const best = closest(
    word.toLowerCase(),
    candidates.map((c) => c.toLowerCase()),
  );
  const found = candidates.find((c) => c.toLowerCase() === best);
  const edits = distance(word.toLowerCase(), best);
  const isClose = edits <= Math.max(2, Math.floor(word.length / 3)) && edits < Math.max(word.length, best.length);
  return found !== undefined && isClose ? found : null;
}

/** `Did you mean "x"?` with a leading space, or an empty string. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const found = didYouMean(word, candidates);
  return found === null ? '' : ` Did you mean "${found}"?`;
}
