import { writerFor, writers } from '../formats/index.js';
import type { FormatOptions, Writer } from '../formats/types.js';
import type { TaskFace } from '../host/protocol.js';
import type { OffsetUnit } from '../spans.js';
import { outputPath, type PlaceFlags } from './claim-place.js';
import type { CliContext } from './context.js';
import { createPaint } from './paint.js';

export interface FormatFlags extends PlaceFlags {
  format?: string;
  json?: boolean;
  offsets: OffsetUnit;
  passThrough: boolean;
  explain?: boolean;
}

/** By name, by the suffix of the output, or by who reads it. */
export async function chooseWriter(context: CliContext, flags: FormatFlags): Promise<Writer> {
  const output = outputPath(flags);
  const named = flags.json === true ? 'jsonl' : (flags.format ?? null);
  const forPeople = named === null && output === undefined && (context.stdoutIsTerminal || flags.explain === true);
  return forPeople ? writers.pretty() : writerFor(named, output ?? null);
}

/** Whether results appear between the lines of progress. */
export function writesToTerminal(context: CliContext, flags: PlaceFlags): boolean {
  return outputPath(flags) === undefined && context.stdoutIsTerminal;
}

/** @param fieldNames those of the first row of the input */
export async function formatOptions(
  context: CliContext,
  face: TaskFace,
  flags: FormatFlags,
  fieldNames: readonly string[],
): Promise<FormatOptions> {
  return {
    taskType: face.type,
    labels: face.labels,
    multiLabel: face.multiLabel,
    offsets: flags.offsets,
    passThrough: flags.passThrough,
    fieldNames: flags.passThrough ? fieldNames.filter((name) => name !== face.input) : [],
    width: context.columns,
    paint: await createPaint(writesToTerminal(context, flags) && context.color),
  };
}
