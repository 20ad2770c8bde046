import path from 'node:path';
import { readReports } from '../../compare/earlier-report.js';
import { pairRecords, type Subject } from '../../compare/paired-records.js';
import { usageError } from '../../errors.js';
import type { Example, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';

/** The reports of a file, of several those on a model that is measured now. */
export function earlierReports(
  { cwd }: Surroundings,
  file: string,
  profile: TaskProfile,
  models: readonly string[],
): Subject[] {
  const found = readReports(path.resolve(cwd, file), file, profile);
  const fitting = found.length === 1 ? found : found.filter(({ model }) => models.includes(model.name));
  if (fitting.length === 0) {
    const names = found.map(({ model }) => model.name).join(', ');
    throw usageError(
      `${file} has reports on ${names}, none of them on ${models.join(', ')}`,
      'Measure one of its models, or name a file with one report.',
    );
  }
  return fitting.map((report) => ({
    name: fitting.length === 1 ? 'baseline' : `baseline of ${report.model.name}`,
    report,
    file,
  }));
}

/** Says how much of the data an earlier report has; nothing of it is no comparison. */
export function checkOverlap(surroundings: Surroundings, examples: readonly Example[], subject: Subject): void {
  const n = pairRecords(examples, [subject]).examples.length;
  const { file, report } = subject;
  if (n === 0) {
    throw usageError(
      `${file} has none of the ${examples.length} records that are measured now`,
      'Measure on the same data as the earlier report, or make that report again.',
    );
  }
  if (n < examples.length || n < report.records.length) {
    surroundings.notice(
      `compared on the ${n} records that both have: ${file} has ${report.records.length}, this measurement has ${examples.length}`,
    );
  }
}
