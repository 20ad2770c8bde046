import { usageError } from '../../errors.js';
import { type ExampleContext, exampleOf, goldRows, isBadExample } from '../../examples.js';
import { placeOf } from '../../record.js';
import { fileSource, readerFor } from '../../records/index.js';
import type { Example, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { type InputFlags, readRows } from './inputs.js';

/** How labelled data is read. */
export interface GoldFlags extends Omit<InputFlags, 'text' | 'lines'> {
  dataFormat?: string;
  labelField?: string;
  labelMap?: ReadonlyMap<string, string>;
}

/**
 * Labelled examples from a file. Data that is not clean stops here: a figure over half of it, or what is learned from
 * half of it, would mislead.
 */
export async function readGold(
  context: Surroundings,
  profile: TaskProfile,
  file: string,
  flags: GoldFlags,
): Promise<Example[]> {
  const exampleContext: ExampleContext = {
    type: profile.type,
    input: profile.input,
    labels: profile.labels,
    multiLabel: profile.multiLabel,
    labelMap: flags.labelMap ?? new Map(),
    field: flags.field ?? null,
    labelField: flags.labelField ?? null,
  };
  const source = file === '-' ? { file: '-', open: () => context.stdin } : fileSource(file);
  const reader = readerFor(flags.dataFormat ?? null, file);
  if (!reader.labelled) {
    throw usageError(
      `"${file}" is read as ${reader.name}, which carries no labels`,
      'Say what it is with --data-format jsonl, csv, tsv, conll or squad.',
    );
  }
  const examples: Example[] = [];
  for await (const row of goldRows(profile.type, readRows(context, { source, reader }, flags))) {
    if (examples.length >= (flags.limit ?? Number.POSITIVE_INFINITY)) break;
    const example = exampleOf(row, examples.length, exampleContext);
    if (isBadExample(example)) throw usageError(`${placeOf(example.origin)}: ${example.error}`);
    examples.push(example);
  }
  if (examples.length === 0) throw usageError(`"${file}" has no examples`);
  return examples;
}
