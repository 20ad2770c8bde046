import { isObject } from './json-values.js';
import { isSquad } from './squad.js';

/** The format of a text by its content, if it is certain. `table`: a table that cannot be read without more options. */
export type Recognised = 'jsonl' | 'json' | 'csv' | 'tsv' | 'table';

/** The beginning of a text. */
export interface Beginning {
  readonly text: string;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** `{"name":`, as any object begins that has a field. */
const objectStart = /^\{\s*"(?:[^"\\]|\\.)*"\s*:/u;
/** `sep=;`, as Excel writes it before a table. */
const excelDelimiter = /^sep=[^\n]\n/u;
/** `[{"`, `["…",` or `["…"]`; a text may well begin with `[1]` or `["…" as …`. */
const arrayStart = /^\[\s*(?:\{\s*["}]|"(?:[^"\\]|\\.)*"\s*[,\]])/u;

/**
 * The format of a text; null where it may be just a text.
 * @param fields names of fields that hold an input: a line with one of them is a header
 */
export function recognise({ text, isWhole }: Beginning, fields: readonly string[]): Recognised | null {
  const start = text.trimStart();
  if (arrayStart.test(start)) return 'json';
  if (objectStart.test(start)) return jsonKind(start, isWhole);
  if (excelDelimiter.test(text)) return 'csv';
  const end = isWhole ? text.length : text.lastIndexOf('\n');
  const lines = text
    .slice(0, Math.max(end, 0))
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 50);
  return tableKind(lines, fields);
}

function jsonKind(start: string, isWhole: boolean): 'json' | 'jsonl' {
  const [first = '', second] = start.split('\n');
  const isOpen = second === undefined && !isWhole;
  const line = isOpen ? undefined : parsed(first);
  // One object of objects on one line is a table, as in a file.
  const isAlone = isWhole && start.trim() === first.trim();
  if (isObject(line)) return isSquad(line) || (isAlone && Object.values(line).every(isObject)) ? 'json' : 'jsonl';
  if (isWhole && isObject(parsed(start))) return 'json';
  // A line of its own that is broken, before others; or one that has no end in sight.
  return isOpen || objectStart.test(second ?? '') ? 'jsonl' : 'json';
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function tableKind(lines: readonly string[], fields: readonly string[]): 'csv' | 'tsv' | 'table' | null {
  const [header, ...rows] = lines;
  if (header === undefined || rows.length === 0) return null;
  for (const [delimiter, format] of delimiters) {
    const names = cellsOf(header, delimiter);
    if (names.length < 2) continue;
    const fits = rows.every((row) => cellsOf(row, delimiter).length === names.length);
    if (!fits && !rows.some((row) => row.includes('"'))) continue;
    const isHeader = names.every(
      (name) => /^"?[\p{L}_][\p{L}\p{N}_.\-/() ]{0,39}"?$/u.test(name) && name === name.trim(),
    );
    const isNamed = names.some((name) => fields.includes(name.replaceAll('"', '').toLowerCase()));
    if (isHeader && isNamed) return format;
    if (!fits) continue;
    if (isHeader && new Set(names).size === names.length && rows.length >= enoughRows && !header.includes(' '))
      return format;
    if (delimiter === '\t' && rows.length >= enoughRows) return 'table';
  }
  return null;
}

const delimiters = [
  ['\t', 'tsv'],
  [',', 'csv'],
  [';', 'csv'],
] as const;

/** Rows that have as many fields as the header, before that can be no accident. */
const enoughRows = 3;

/** Quotes matter to commas alone: a tab has none in it. */
function cellsOf(line: string, delimiter: string): string[] {
  if (delimiter === '\t' || !line.includes('"')) return line.split(delimiter);
  return line.replace(/"(?:[^"]|"")*"/gu, (quoted) => quoted.replaceAll(delimiter, ' ')).split(delimiter);
}
