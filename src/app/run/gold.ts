import { usageError } from '../../errors.js';
import { type ExampleContext, exampleOf, goldRows, isBadExample } from '../../examples.js';
import { placeOf } from '../../record.js';
import { fileSource, stdinSource } from '../../records/index.js';
import { asFlags, type GoldWording } from '../../task-types/gold-wording.js';
import { taskTypes } from '../../task-types/index.js';
import type { Example, Row, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { choiceFor, type InputFlags, readRows } from './inputs.js';
import { recogniseInputs } from './recognise-inputs.js';

/** How labelled data is read. */
export interface GoldFlags extends Omit<InputFlags, 'text' | 'lines'> {
  dataFormat?: string;
  labelField?: string;
  labelMap?: ReadonlyMap<string, string>;
  /** How messages name these options. By default, as flags. */
  wording?: GoldWording;
}

/** The path of a file, `-` for standard input, or records with their answers. */
export type GoldData = string | readonly Readonly<Record<string, unknown>>[];

/** Name of labelled data in reports. */
export function goldName(data: GoldData): string {
  return typeof data === 'string' ? data : 'data';
}

/**
 * Labelled examples. Data that is not clean stops here: a figure over half of it, or what is learned from half of it,
 * would mislead.
 */
export async function readGold(
  surroundings: Surroundings,
  profile: TaskProfile,
  data: GoldData,
  flags: GoldFlags,
): Promise<Example[]> {
  const wording = flags.wording ?? asFlags;
  const exampleContext: ExampleContext = {
    wording,
    type: profile.type,
    input: profile.input,
    labels: profile.labels,
    multiLabel: profile.multiLabel,
    labelMap: flags.labelMap ?? new Map(),
    field: flags.field ?? null,
    labelField: flags.labelField ?? null,
    ownLabelField: profile.labelField ?? null,
  };
  const examples: Example[] = [];
  for await (const row of await labelledRows(surroundings, profile, data, flags)) {
    if (examples.length === 0) noticeResults(surroundings, row, exampleContext, goldName(data));
    const example = exampleOf(row, examples.length, exampleContext);
    if (isBadExample(example)) throw usageError(`${placeOf(example.origin)}: ${example.error}`);
    examples.push(example);
    if (examples.length === flags.limit) break;
  }
  if (examples.length === 0) throw usageError(`"${goldName(data)}" has no examples`);
  return examples;
}

/** Results of a run have the gold label beside the predicted one, which would be taken for it. */
function noticeResults(
  surroundings: Surroundings,
  { fields }: Row,
  { type, labelField, wording }: ExampleContext,
  data: string,
) {
  const name = taskTypes[type].goldFields.find((field) => Object.hasOwn(fields, `input_${field}`));
  if (labelField !== null || name === undefined || !Object.hasOwn(fields, name)) return;
  surroundings.notice(
    `"${data}" has results of a run: "${name}", which was predicted, is taken for the right answer. For the other one: ${wording.option('labelField', `input_${name}`)}`,
  );
}

const dataFlags = [
  'dataFormat',
  'field',
  'labelField',
  'labelMap',
  'columns',
  'delimiter',
  'encoding',
] as const satisfies readonly (keyof GoldFlags)[];

/** @throws SlmError where a flag says how data is read, and there is none to read */
export function refuseDataFlags(flags: GoldFlags): void {
  const { option } = flags.wording ?? asFlags;
  const given = dataFlags.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw usageError(
    `${option(given)} is for labelled data from ${option('data')}, but the task's own examples are read`,
    `Add ${option('data', 'FILE')}, or leave it out.`,
  );
}

async function labelledRows(
  surroundings: Surroundings,
  { type }: Pick<TaskProfile, 'type'>,
  data: GoldData,
  flags: GoldFlags,
): Promise<AsyncIterable<Row> | Row[]> {
  if (typeof data !== 'string') {
    return data.map((fields, i) => ({ fields, origin: { file: goldName(data), line: i + 1 } }));
  }
  const given = data === '-' ? stdinSource(surroundings.stdin) : fileSource(data, surroundings.cwd);
  const chosen = { source: given, ...choiceFor(flags.dataFormat ?? null, data) };
  const [input = chosen] = await recogniseInputs(surroundings, [chosen], flags, 'dataFormat', flags.wording);
  if (!input.reader.labelled) {
    throw usageError(
      `"${data}" is read as ${input.reader.name}, which carries no labels`,
      `Say what it is with ${(flags.wording ?? asFlags).option('dataFormat', 'jsonl, csv, tsv, conll or squad')}.`,
    );
  }
  return goldRows(type, readRows(surroundings, input, flags));
}
