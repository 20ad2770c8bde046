import { usageError } from '../../errors.js';
import { given } from '../../given.js';
import { isInShard, type Shard } from '../../jobs/shard.js';
import { type BadRow, isBadRow, placeOf, recordOf } from '../../record.js';
import {
  type ByteSource,
  checkEncoding,
  checkReadable,
  fileSource,
  type Reader,
  readerBySuffix,
  readerFor,
  readers,
  stdinSource,
} from '../../records/index.js';
import { wordProblem } from '../../segment.js';
import type { GoldWording } from '../../task-types/gold-wording.js';
import type { InputRecord, Row, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';

export interface InputFlags {
  lines?: boolean;
  inputFormat?: string;
  field?: string;
  columns?: string[];
  delimiter?: string;
  encoding?: string;
  limit?: number;
  maxRecordSize: number;
  /** Characters. */
  maxWord?: number;
  text?: string[];
  shard?: Shard;
}

/** One place that records come from, with how it is read. */
export interface Input {
  readonly source: ByteSource;
  readonly reader: Reader;
  /** The reason for the format; `by default` it is a text, as nothing says otherwise. */
  readonly chosen: 'by name' | 'by suffix' | 'by content' | 'by default';
}

/** How a file is read, of a format that was named, or by its suffix. */
export function choiceFor(named: string | null, file: string): Pick<Input, 'reader' | 'chosen'> {
  const reader = readerFor(named, file);
  if (named !== null) return { reader, chosen: 'by name' };
  return { reader, chosen: readerBySuffix(file) === null ? 'by default' : 'by suffix' };
}

/** Chooses the inputs: the files, `-` or nothing for standard input, or the texts of the command line. */
export function chooseInputs(surroundings: Surroundings, files: readonly string[], flags: InputFlags): Input[] {
  if (flags.text !== undefined && files.length > 0) throw usageError('give either files or --text, not both');
  if (flags.text !== undefined) {
    for (const flag of ['columns', 'delimiter', 'encoding'] as const) {
      if (flags[flag] !== undefined) throw usageError(`--${flag} is for files; --text has none`, 'Leave it out.');
    }
    const source = stringSource(flags.text.map((text) => JSON.stringify(text)).join('\n'));
    return [{ source, reader: readers.jsonl, chosen: 'by name' }];
  }
  if (flags.lines === true && flags.inputFormat !== undefined && flags.inputFormat !== 'lines') {
    throw usageError(`--lines contradicts --input-format ${flags.inputFormat}`, 'Leave one of them out.');
  }
  const named = flags.lines === true ? 'lines' : (flags.inputFormat ?? null);
  if (flags.encoding !== undefined) checkEncoding(flags.encoding);
  return (files.length === 0 ? ['-'] : files).map((file) => {
    const source = file === '-' ? stdinSource(surroundings.stdin) : fileSource(file);
    return { source, ...choiceFor(named, file) };
  });
}

/** @throws SlmError where a file is not there, or may not be read */
export function checkFiles(inputs: readonly Input[], { text }: Pick<InputFlags, 'text'>): void {
  // Texts of the command line are called `-`, as standard input is.
  for (const { source } of text === undefined ? inputs : []) if (source.file !== '-') checkReadable(source.file);
}

/**
 * @param format the option that names a format
 * @throws SlmError where an option for tables would do nothing
 */
export function checkTableFlags(
  reader: Reader,
  file: string,
  flags: Pick<InputFlags, 'columns' | 'delimiter'>,
  format: string,
  { option }: GoldWording,
): void {
  const name = file === '-' ? 'standard input' : `"${file}"`;
  for (const flag of ['columns', 'delimiter'] as const) {
    if (flags[flag] === undefined || reader.takes.includes(flag)) continue;
    const names = Object.values(readers)
      .filter(({ takes }) => (takes as readonly string[]).includes(flag))
      .map(({ name }) => name);
    throw usageError(
      `${option(flag)} is for ${names.join(', ')}; ${name} is read as ${reader.name}`,
      `Leave it out, or say what the file is, such as ${option(format, names[0])}.`,
    );
  }
}

/** Returns whether there is but one record, so that several threads may work on it. */
export function isSingle(inputs: readonly Input[], flags: Pick<InputFlags, 'text' | 'limit'>): boolean {
  if (flags.limit === 1) return true;
  return inputs.length === 1 && (flags.text?.length === 1 || inputs[0]?.reader === readers.text);
}

/** The limit of records with which a run reads its first one alone: part 3 of 4 begins with the third. */
export function limitToFirst({ limit, shard }: Pick<InputFlags, 'limit' | 'shard'>): number {
  return Math.min(limit ?? Number.POSITIVE_INFINITY, shard?.part ?? 1);
}

/** The records of all inputs, one after the other: those of the shard, among the first `limit` of all. */
export async function* readRecords(
  surroundings: Surroundings,
  inputs: readonly Input[],
  task: Pick<TaskProfile, 'input'>,
  flags: InputFlags,
): AsyncGenerator<InputRecord | BadRow> {
  let index = 0;
  for (const input of inputs) {
    for await (const row of readRows(surroundings, input, flags)) {
      const position = index++;
      if (flags.shard === undefined || isInShard(position, flags.shard)) {
        const record = recordOf(row, position, task.input, flags.field ?? null);
        // Every row of a table has the same fields.
        if (isBadRow(record) && record.missing !== null && input.reader.takes.includes('columns'))
          throw usageError(`${placeOf({ ...row.origin, line: null })}: ${record.error}`);
        const error = isBadRow(record) ? null : wordProblem(record.text, flags.maxWord);
        yield error === null ? record : { row, index: position, id: record.id, error, missing: null };
      }
      // A pipe may have no further row for a long time, and a file a broken one.
      if (index === flags.limit) return;
    }
  }
}

export function readRows(
  surroundings: Surroundings,
  { source, reader }: Pick<Input, 'source' | 'reader'>,
  flags: Omit<InputFlags, 'text'>,
): AsyncIterable<Row> {
  return reader.read(source, {
    maxRecordBytes: flags.maxRecordSize,
    onWarning: (message) => surroundings.notice(message),
    ...given({ columns: flags.columns, delimiter: flags.delimiter, encoding: flags.encoding }),
  });
}

function stringSource(text: string): ByteSource {
  return {
    file: '-',
    async *open() {
      yield Buffer.from(text);
    },
  };
}
