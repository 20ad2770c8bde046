import { Option } from 'commander';
import { usageError } from '../errors.js';
import { type ExampleContext, exampleOf, isBadExample } from '../examples.js';
import { placeOf } from '../record.js';
import { fileSource, readerFor, readers } from '../records/index.js';
import type { Example, TaskProfile } from '../types.js';
import type { CliContext } from './context.js';
import { type InputFlags, readRows } from './inputs.js';
import { labelMap } from './options.js';

/** How labelled data is read. */
export interface GoldFlags extends Omit<InputFlags, 'text' | 'lines'> {
  dataFormat?: string;
  labelField?: string;
  labelMap?: ReadonlyMap<string, string>;
}

/** The options for that, the same wherever labelled data is read. */
export const gold = {
  dataFormat: () =>
    new Option('--data-format <name>', 'how to read it, instead of by the suffix').choices(
      Object.values(readers)
        .filter((reader) => reader.labelled)
        .map((reader) => reader.name),
    ),
  labelField: () => new Option('--label-field <name>', 'field or column of the label'),
  labelMap: () =>
    new Option(
      '--label-map <pairs>',
      'names of labels in the data: 0=negative,1=positive; nothing after "=" drops an entity',
    ).argParser(labelMap),
} as const;

/**
 * Labelled examples from a file. Data that is not clean stops here: a figure over half of it, or what is learned from
 * half of it, would mislead.
 */
export async function readGold(
  context: CliContext,
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
  for await (const row of readRows(context, { source, reader }, flags)) {
    if (examples.length >= (flags.limit ?? Number.POSITIVE_INFINITY)) break;
    const example = exampleOf(row, examples.length, exampleContext);
    if (isBadExample(example)) throw usageError(`${placeOf(example.origin)}: ${example.error}`);
    examples.push(example);
  }
  if (examples.length === 0) throw usageError(`"${file}" has no examples`);
  return examples;
}
