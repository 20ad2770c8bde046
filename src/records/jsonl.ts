import { messageOf } from '../errors.js';
import { isTooDeep, parseJson } from '../json.js';
import type { Row } from '../types.js';
import { decode } from './decode.js';
import { fieldsOf } from './json-values.js';
import { splitLines, tooLong } from './split-lines.js';
import type { Reader } from './types.js';

/** JSON Lines: an object a line; a bare string is its text. Blank lines are skipped. */
export const jsonl: Reader = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson', 'jsonlines'],
  labelled: true,
  takes: [],
  async *read(source, options) {
    const { maxRecordBytes, maxRecordFlag } = options;
    for await (const { first, texts } of splitLines(decode(source, options), maxRecordBytes)) {
      for (const [i, text] of texts.entries()) {
        const origin = { file: source.file, line: first + i };
        const line = `line ${first + i}`;
        if (text === null) yield { fields: {}, origin, error: tooLong(line, maxRecordBytes, maxRecordFlag) };
        else if (text.trim() !== '') yield parseLine(text, origin);
      }
    }
  },
};

function parseLine(line: string, origin: Row['origin']): Row {
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (error) {
    if (isTooDeep(error)) return { fields: {}, origin, error: `line ${origin.line}: ${error.message}` };
    return { fields: {}, origin, error: `line ${origin.line} is not valid JSON: ${messageOf(error)}` };
  }
  const fields = fieldsOf(value);
  if (fields !== null) return { fields, origin };
  return { fields: {}, origin, error: `line ${origin.line} is not a JSON object or string` };
}
