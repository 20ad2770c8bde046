import { cascadeOf } from '../../cascade-reference.js';
import { usageError } from '../../errors.js';
import { forTerminal } from '../../formats/for-terminal.js';
import { writerFor, writers } from '../../formats/index.js';
import type { FormatOptions, Writer } from '../../formats/types.js';
import type { TaskSummary } from '../../host/protocol.js';
import type { OffsetUnit } from '../../spans.js';
import type { CliContext } from '../context.js';
import { outputPath, type PlaceFlags } from '../output/claim-place.js';
import { createPaint } from '../terminal/paint.js';

export interface FormatFlags extends PlaceFlags {
  format?: string;
  json?: boolean;
  offsets: OffsetUnit;
  passThrough: boolean;
  explain?: boolean;
  field?: string;
}

/** Chooses a writer by name, by the suffix of the output, or by its reader. */
export async function chooseWriter(context: CliContext, flags: FormatFlags): Promise<Writer> {
  const output = outputPath(flags);
  if (flags.json === true && flags.format !== undefined && flags.format !== 'jsonl')
    throw usageError(`--json contradicts --format ${flags.format}`, 'Leave one of them out; --json is --format jsonl.');
  const named = flags.json === true ? 'jsonl' : (flags.format ?? null);
  const forPeople = named === null && output === undefined && (context.stdoutIsTerminal || flags.explain === true);
  if (forPeople) return writers.pretty();
  const writer = await writerFor(named, output ?? null);
  // Colours may be forced in a pipe; only a terminal acts on what a text says.
  const isSeen = output === undefined && context.stdout.isTTY === true;
  // JSON has escapes of its own for such characters.
  return isSeen && writer.name !== 'jsonl' ? forTerminal(writer) : writer;
}

/** Returns whether results appear between the lines of progress. */
export function writesToTerminal(context: CliContext, flags: PlaceFlags): boolean {
  return outputPath(flags) === undefined && context.stdoutIsTerminal;
}

/** @param fieldNames those that the output has columns for */
export async function formatOptions(
  context: CliContext,
  summary: TaskSummary,
  flags: FormatFlags,
  fieldNames: readonly string[],
): Promise<FormatOptions> {
  return {
    taskType: summary.type,
    labels: summary.labels,
    multiLabel: summary.multiLabel,
    properties: summary.properties,
    input: flags.field ?? summary.input,
    offsets: flags.offsets,
    passThrough: flags.passThrough,
    cascade: cascadeOf(summary.model) !== null,
    fieldNames,
    width: context.columns,
    paint: await createPaint(writesToTerminal(context, flags) && context.color),
  };
}
