import { noFormat, type Skipped } from './find.js';
import type { OnWarning } from './types.js';

/** Warnings about files, kept until all are read: a folder of old files has the same one for each. */
export interface GatheredWarnings {
  readonly add: OnWarning;
  /** A line for each problem, with the first few files that have it. */
  lines(shownAs: (file: string) => string): string[];
}

export function gatherWarnings(): GatheredWarnings {
  const filesWith = new Map<string, string[]>();
  return {
    add(problem, file) {
      const files = filesWith.get(problem) ?? [];
      filesWith.set(problem, files);
      files.push(file);
    },
    lines: (shownAs) =>
      [...filesWith].map(
        ([problem, files]) => `${few(files.slice(0, mostNames).map(shownAs), files.length)}: ${problem}`,
      ),
  };
}

/** As much of what was skipped as one can read: a line for each reason, with the first few names. */
export function skippedLines(skipped: readonly Skipped[], shownAs: (file: string) => string): string[] {
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of skipped) {
    const names = reasons.get(reason) ?? [];
    reasons.set(reason, names);
    names.push(path);
  }
  const kinds = [...reasons].filter(([reason]) => reason.startsWith(noFormat));
  // A folder of programs has dozens of them.
  const isMany = kinds.length > mostKinds;
  const lines = [...reasons]
    .filter(([reason]) => !isMany || !reason.startsWith(noFormat))
    .map(([reason, names]) => `not read (${reason}): ${few(names.slice(0, mostNames).map(shownAs), names.length)}`);
  if (!isMany) return lines;
  const count = kinds.reduce((sum, [, names]) => sum + names.length, 0);
  const suffixes = kinds.sort(([, a], [, b]) => b.length - a.length).map(([reason]) => reason.slice(noFormat.length));
  return [
    ...lines,
    `not read (${noFormat}${few(suffixes.slice(0, mostNames), suffixes.length)}): ${count.toLocaleString('en')} files`,
  ];
}

function few(names: readonly string[], all: number): string {
  return `${names.join(', ')}${all > names.length ? ` and ${all - names.length} more` : ''}`;
}

const mostNames = 5;
/** Lines about files of an unknown kind. */
const mostKinds = 3;
