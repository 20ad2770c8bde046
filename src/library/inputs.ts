import { messageOf, usageError } from '../errors.js';
import { type BadRow, recordOf } from '../record.js';
import type { InputRecord } from '../types.js';
import { described } from './check-options.js';

/** A text, or the fields of a record: `{ question: '…' }`. */
export type Input = string | Readonly<Record<string, unknown>>;

/** @throws SlmError where it is nothing that can be iterated, or a single text, whose characters would be the inputs */
export function checkInputs(inputs: unknown): void {
  const isText = typeof inputs === 'string';
  if (!isText && typeof inputs === 'object' && inputs !== null)
    if (Symbol.asyncIterator in inputs || Symbol.iterator in inputs) return;
  throw usageError(
    `stream: the inputs are ${described(inputs)}; expected something that can be iterated, such as an array`,
    isText ? 'For one text, call the task itself.' : undefined,
  );
}

/** Records of inputs, as they come. An input that cannot be one is a bad row, and those after it are read. */
export async function* recordsOf(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  name: string,
): AsyncGenerator<InputRecord | BadRow> {
  let index = 0;
  for await (const input of inputs as AsyncIterable<unknown>) yield recordFrom(input, index++, name);
}

function recordFrom(input: unknown, index: number, name: string): InputRecord | BadRow {
  const origin = { file: '-', line: index + 1 };
  const bad = (error: string): BadRow => ({
    row: { fields: {}, origin },
    index,
    id: `${index + 1}`,
    error,
    missing: null,
  });
  const fields = typeof input === 'string' ? { text: input } : input;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    return bad(`input ${index + 1} is ${described(input)}; expected a text or an object of fields`);
  try {
    const row = { fields: fields as Record<string, unknown>, origin };
    return recordOf(row, index, name, null, `Give the text as "${name}"`);
  } catch (error) {
    // A field can be what has no text, such as an object that holds itself.
    return bad(`input ${index + 1} cannot be read: ${messageOf(error).split('\n')[0]}`);
  }
}
