import { pairOf, recordName } from '../evaluate/records.js';
import type { RecordResult, Report } from '../evaluate/report.js';
import type { Example, Pair } from '../types.js';

/** A report to compare, and its origin. */
export interface Subject {
  readonly name: string;
  readonly report: Report;
  /** Null for what was measured now. */
  readonly file: string | null;
}

/** The examples that every subject has a result for, and those results. */
export interface PairedRecords {
  readonly examples: readonly Example[];
  /** A list for each subject, in the order of the examples. */
  readonly pairs: readonly (readonly Pair[])[];
  readonly results: readonly (readonly RecordResult[])[];
}

/** Finds results by what was read, not by file and line: data may have been moved, and records added. */
export function pairRecords(examples: readonly Example[], subjects: readonly Subject[]): PairedRecords {
  const keys = keysOf(examples.map(recordName));
  const known = subjects.map(({ report: { records } }) => {
    const own = keysOf(records);
    return new Map(records.map((record, i) => [own[i], record]));
  });
  const common = examples.flatMap((example, i) => {
    const found = known.map((results) => results.get(keys[i]));
    return found.every((result) => result !== undefined) ? [{ example, found }] : [];
  });
  return {
    examples: common.map(({ example }) => example),
    results: subjects.map((_, s) => common.map(({ found }) => found[s] as RecordResult)),
    pairs: subjects.map((_, s) =>
      common.map(({ example, found }) => pairOf(example, (found[s] as RecordResult).output)),
    ),
  };
}

/** A text that comes again is another record: the second goes with the second. */
function keysOf(records: readonly Pick<RecordResult, 'digest'>[]): string[] {
  const seen = new Map<string, number>();
  return records.map(({ digest }) => {
    const count = seen.get(digest) ?? 0;
    seen.set(digest, count + 1);
    return `${digest} ${count}`;
  });
}
