import { z } from 'zod';
import { jsonProblem, usageError } from '../errors.js';
import type { Report } from '../evaluate/report.js';
import { readSettingsText } from '../settings-file.js';
import type { TaskProfile } from '../types.js';

/** Reports hold every result; with many labels that is some kilobytes a record. */
const maxReportBytes = 512 << 20;

const figures = z.looseObject({ p50: z.number(), p95: z.number() });

/** The parts of a report that a comparison reads. The rest is passed on unchanged. */
const reportSchema = z.looseObject({
  task: z.string(),
  type: z.string(),
  model: z.looseObject({ name: z.string() }),
  speed: z.looseObject({ latencyMs: figures, cost: z.looseObject({ secondsPerThousand: z.number() }) }),
  records: z.array(
    z.looseObject({
      id: z.string(),
      digest: z.string(),
      output: z.union([z.null(), z.looseObject({ type: z.string() })]),
    }),
  ),
});

const again = 'Measure again with `slm eval TASK -o FILE`, and name that file.';

/**
 * Reads what `slm eval --json` or `-o` has written: one report or several.
 * @param shown the path as it stands in messages
 * @throws SlmError where it is no such file, or one of another kind of task
 */
export function readReports(file: string, shown: string, { type }: Pick<TaskProfile, 'type'>): Report[] {
  const text = readSettingsText(file, shown, maxReportBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageError(`${shown} is not JSON: ${jsonProblem(error)}`, again, error);
  }
  const list = typeof value === 'object' && value !== null && 'reports' in value ? value.reports : [value];
  const parsed = z.array(reportSchema).nonempty().safeParse(list);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.slice(1).join('.') || 'the report';
    throw usageError(`${shown} is not a report that can be compared: ${where}: ${issue?.message}`, again);
  }
  const other = parsed.data.find((report) => report.type !== type || report.records.some(isOther));
  if (other !== undefined) {
    throw usageError(`${shown} is a report on a task of type ${other.type}; this one is of type ${type}`, again);
  }
  return parsed.data as unknown as Report[];

  function isOther({ output }: { output: { type: string } | null }): boolean {
    return output !== null && output.type !== type;
  }
}
