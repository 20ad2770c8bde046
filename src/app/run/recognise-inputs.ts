import { statSync } from 'node:fs';
import path from 'node:path';
import { usageError } from '../../errors.js';
import { type Beginning, type ByteSource, type Reader, readers, recognise, startOf } from '../../records/index.js';
import { asFlags, type GoldWording } from '../../task-types/gold-wording.js';
import type { Surroundings } from '../surroundings.js';
import { checkTableFlags, type Input, type InputFlags } from './inputs.js';

const titles = { jsonl: 'JSON Lines', json: 'JSON', csv: 'CSV', tsv: 'TSV' } as const;

/**
 * The same inputs, where those of which nothing says the format are read as what they are certain to be. What is a text
 * by its suffix stays one.
 * @param format the option that names a format
 * @param wording how messages name options
 * @throws SlmError for a table that cannot be read without being told what its columns are
 */
export async function recogniseInputs(
  surroundings: Surroundings,
  inputs: readonly Input[],
  flags: Omit<InputFlags, 'text'>,
  format: 'inputFormat' | 'dataFormat' = 'inputFormat',
  wording: GoldWording = asFlags,
): Promise<Input[]> {
  const recognised: Input[] = [];
  for (const input of inputs) recognised.push(await recogniseInput(surroundings, input, flags, format, wording));
  for (const { source, reader } of recognised) checkTableFlags(reader, source.file, flags, format, wording);
  return recognised;
}

async function recogniseInput(
  surroundings: Surroundings,
  input: Input,
  flags: Omit<InputFlags, 'text'>,
  format: string,
  { option, both }: GoldWording,
): Promise<Input> {
  const { file } = input.source;
  if (input.chosen === 'by name' || (input.chosen === 'by suffix' && input.reader !== readers.text)) return input;
  const { beginning, source } = await peekAt(surroundings, input.source, flags.encoding);
  const fields = ['text', 'question', ...(flags.field === undefined ? [] : [flags.field.toLowerCase()])];
  const found = recognise(beginning, fields);
  const shown = file === '-' ? 'standard input' : file;
  if (input.chosen === 'by suffix') {
    if (found === 'json' || found === 'jsonl')
      surroundings.notice(
        `${shown} looks like ${titles[found]}, but its suffix means one text; use ${option(format, found)} to read its records`,
      );
    return input;
  }
  if (found === 'table') {
    throw usageError(
      `${shown} looks like a table without a header`,
      `Name its columns with ${both(option(format, 'tsv'), option('columns', 'text,label'))} (or conll), or read it as one text with ${option(format, 'text')}.`,
    );
  }
  if (found === null) return { ...input, source };
  surroundings.notice(
    `${shown} looks like ${titles[found]} and is read as such; use ${option(format)} for another format, such as text`,
  );
  const reader: Reader = readers[found];
  return { source, reader, chosen: 'by content' };
}

/** The beginning of a source, and a source that still has it: a pipe cannot be opened twice. */
async function peekAt(
  { cwd }: Surroundings,
  source: ByteSource,
  encoding: string | undefined,
): Promise<{ beginning: Beginning; source: ByteSource }> {
  const { beginning, chunks } = await startOf(source, encoding);
  const isFile =
    source.file !== '-' && statSync(path.resolve(cwd, source.file), { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile) return { beginning, source: { file: source.file, open: () => chunks } };
  await chunks[Symbol.asyncIterator]().return?.();
  return { beginning, source };
}
