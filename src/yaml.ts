import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { messageOf, suggestion, usageError } from './errors.js';
import { withPlainNumbers, writtenNumber } from './json.js';

/**
 * Parses YAML and checks it. Data keeps the digits of numbers that JavaScript would change, as `parseJson` does;
 * settings that are numbers are JavaScript's own.
 * @param file as it shall stand in messages
 * @param help where the keys are described
 * @param isText whether what stands at a place is a text, even where YAML takes it for a number, true or false: `1.0` stays
 *   `1.0`, and `007` does not become 7. The keys of a mapping are asked about together, with a symbol at the end.
 * @throws SlmError that names file, line and column of the first problem
 */
export function parseYaml<T>(
  source: string,
  file: string,
  schema: z.ZodType<T>,
  help: string,
  isText: (path: readonly PropertyKey[]) => boolean = () => false,
): Parsed<T> {
  const lines = new LineCounter();
  checkDepth(source, file);
  // The library's own search for repeated keys takes ten seconds for 30,000 of them.
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [problem] = document.errors;
  if (problem !== undefined) {
    const isSecond = problem.code === 'MULTIPLE_DOCS';
    throw usageError(
      `${place(problem.pos[0])}: ${isSecond ? 'a second document begins here' : problem.message.split('\n')[0]}.`,
      isSecond ? 'Put it into a file of its own.' : 'Check indentation and quotes there.',
    );
  }
  keepTexts(document.contents, [], isText);
  const repeated = repeatedKey(document);
  if (repeated !== null) {
    throw usageError(`${place(repeated.offset)}: the key "${repeated.key}" appears twice.`, 'Remove one of the two.');
  }
  const at: Locate = (path) => place(offsetOf(document.contents, path));
  const keeps = keepDigits(document);
  let written = toValue(document, file);
  let result = schema.safeParse(written);
  if (keeps && !result.success) {
    written = result.error.issues.reduce((value, { path }) => withPlainAt(value, path), written);
    result = schema.safeParse(written);
  }
  if (result.success) return { value: result.data, written, at };
  const { issues } = result.error;
  // A misspelt key explains why another one is missing.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  throw issue === undefined ? usageError(`${file}: not valid`) : issueError(issue, at, schema, help);
}

/** Brackets in brackets, and columns that a line is indented by. */
const deepest = { brackets: 100, columns: 400 };

/** The library calls itself for each level: a few thousand of them end the process, not only the parsing. */
function checkDepth(source: string, file: string): void {
  const few = (source.match(/[[{]/gu)?.length ?? 0) <= deepest.brackets;
  if (few && !new RegExp(`^[ \\t?-]{${deepest.columns}}`, 'mu').test(source)) return;
  let [brackets, column, line] = [0, 0, 1];
  let indenting = true;
  for (const lexeme of new Lexer().lex(source)) {
    if (lexeme === '[' || lexeme === '{') brackets++;
    else if (lexeme === ']' || lexeme === '}') brackets--;
    if (/^\r?\n$/u.test(lexeme)) [column, indenting] = [0, true];
    else if (indenting && /^[ \t?-]+$/u.test(lexeme)) column += lexeme.length;
    else indenting = false;
    line += lexeme.split('\n').length - 1;
    if (brackets > deepest.brackets || (indenting && column > deepest.columns)) {
      throw usageError(
        `${file}:${line}: nested too deeply.`,
        `The limits are ${deepest.brackets} nested brackets and ${deepest.columns} columns of indentation.`,
      );
    }
  }
}

/** A key that a mapping has a second time. */
function repeatedKey(document: Document.Parsed): { readonly key: string; readonly offset: number } | null {
  let found: { key: string; offset: number } | null = null;
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        // As keys of an object: `1` and `"1"` are the same.
        const name = String(key.value);
        if (keys.has(name)) {
          found = { key: name, offset: key.range?.[0] ?? 0 };
          return visit.BREAK;
        }
        keys.add(name);
      }
      return undefined;
    },
  });
  return found;
}

/** Stands for the keys of a mapping. */
const anyKey = Symbol('any key');

/** Leaves what is a text as it is written. */
function keepTexts(
  node: unknown,
  path: readonly PropertyKey[],
  isText: (path: readonly PropertyKey[]) => boolean,
): void {
  const keep = (scalar: Scalar) => {
    if (['number', 'boolean'].includes(typeof scalar.value)) scalar.value = scalar.source ?? scalar.value;
  };
  if (isScalar(node)) {
    if (isText(path)) keep(node);
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) keepTexts(item, [...path, index], isText);
  } else if (isMap(node)) {
    const areTexts = isText([...path, anyKey]);
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      if (areTexts) keep(key);
      keepTexts(value, [...path, String(key.value)], isText);
    }
  }
}

/** Numbers that JavaScript may write differently; their digits tell for certain. */
const inexact = /\d{16}|[\d.]{17}|\de|^-0|\.\d*0$|\.0{6}|^0[xo][\da-f]{14}/iu;
/** A number of JSON. */
const jsonNumber = /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/iu;

/** Gives numbers that JavaScript would write differently their own digits. Returns whether there is one. */
function keepDigits(document: Document.Parsed): boolean {
  let found = false;
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'number') return;
      if (node.source === undefined || !inexact.test(node.source)) return;
      const digits = jsonDigits(node.source);
      const number = jsonNumber.test(digits) ? writtenNumber(digits) : node.value;
      if (typeof number === 'number') return;
      node.value = number;
      found = true;
    },
  });
  return found;
}

/** A number of YAML (`+.50`, `007`, `0x1F`) as JSON writes it. */
function jsonDigits(source: string): string {
  if (/^0[xo]/iu.test(source)) return String(BigInt(source.toLowerCase()));
  const [, sign = '', whole = '', rest = ''] = /^([-+]?)0*(\d*)(.*)$/su.exec(source) ?? [];
  return `${sign === '-' ? '-' : ''}${whole === '' ? '0' : whole}${rest.replace(/^\.(?!\d)/u, '')}`;
}

/** The value with JavaScript's own numbers at this place, which holds a setting. */
function withPlainAt(value: unknown, [step, ...steps]: readonly PropertyKey[]): unknown {
  if (step === undefined) return withPlainNumbers(value);
  if (Array.isArray(value)) return value.map((item, i) => (i === step ? withPlainAt(item, steps) : item));
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value;
  return { ...value, [step]: withPlainAt((value as Record<PropertyKey, unknown>)[step], steps) };
}

/** A few lines can stand for terabytes, by aliases of aliases; the library counts and gives up. */
function toValue(document: Document.Parsed, file: string): unknown {
  try {
    const value: unknown = document.toJS() ?? {};
    // An alias can stand for the very thing that it stands in.
    JSON.stringify(value);
    return value;
  } catch (error) {
    throw usageError(
      `${file}: ${messageOf(error).split('\n')[0]}.`,
      'Write out what the aliases (*name) stand for.',
      error,
    );
  }
}

interface Parsed<T> {
  /** With defaults filled in. */
  readonly value: T;
  /** As it stands in the file. */
  readonly written: unknown;
  readonly at: Locate;
}

/** `file:line:column` of a value. */
export type Locate = (path: readonly PropertyKey[]) => string;

function issueError(issue: z.core.$ZodIssue, at: Locate, schema: z.ZodType, help: string): Error {
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const known = keysAt(schema, issue.path);
    return usageError(
      `${at([...issue.path, key])}: unknown key "${key}".${suggestion(key, known)}`,
      known.length > 0 ? `Known keys: ${known.join(', ')}.` : undefined,
    );
  }
  if (issue.code === 'invalid_union') {
    const deeper = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
    const saidByUs = deeper?.path.length === 0 && issue.message !== 'Invalid input';
    if (deeper !== undefined && !saidByUs)
      return issueError({ ...deeper, path: [...issue.path, ...deeper.path] } as z.core.$ZodIssue, at, schema, help);
  }
  if (issue.code === 'invalid_type' && /received undefined/u.test(issue.message)) {
    return usageError(`${at(issue.path)}: "${issue.path.join('.')}" is missing.`, help);
  }
  const where = issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `;
  return usageError(`${at(issue.path)}: ${where}${saidPlainly(issue.message)}`, keysHelp(issue, schema) ?? help);
}

/** YAML's names of the types that zod names as JavaScript does. */
const kinds: Readonly<Record<string, string>> = {
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
};

/** zod's "Invalid input: expected object, received string", in the words of a task.yaml. */
function saidPlainly(message: string): string {
  const said = /^Invalid input: expected (\w+), received (\w+)$/u.exec(message);
  const [, wanted = '', given = ''] = said ?? [];
  return said === null ? message : `expected ${kinds[wanted] ?? wanted}, not ${kinds[given] ?? given}.`;
}

/** The keys that a mapping could have, where something else stands in its place. */
function keysHelp(issue: z.core.$ZodIssue, schema: z.ZodType): string | null {
  if (issue.code !== 'invalid_type' || issue.expected !== 'object') return null;
  const known = keysAt(schema, issue.path);
  return known.length > 0 ? `Its keys: ${known.join(', ')}.` : null;
}

/** The keys that an object of the schema may have at `path`; empty where that cannot be told. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: readonly unknown[] = [schema];
  for (const key of path) at = at.flatMap(unwrap).flatMap((inner) => step(inner, key));
  return [...new Set(at.flatMap(unwrap).flatMap((inner) => Object.keys((inner as Shaped).shape ?? {})))];
}

/** The part of a zod schema that lists its keys. */
interface Shaped {
  readonly shape?: Record<string, unknown>;
  readonly def?: { readonly innerType?: unknown; readonly options?: readonly unknown[]; readonly valueType?: unknown };
}

/** Through optional, default and union. */
function unwrap(schema: unknown): unknown[] {
  const { def } = schema as Shaped;
  if (def?.innerType !== undefined) return unwrap(def.innerType);
  return def?.options === undefined ? [schema] : def.options.flatMap(unwrap);
}

function step(schema: unknown, key: PropertyKey): unknown[] {
  const { shape, def } = schema as Shaped;
  const next = shape?.[String(key)] ?? def?.valueType;
  return next === undefined ? [] : [next];
}

/** Offset of the key or value at `path`, or of the deepest parent that is there. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const [depth, key] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      const last = depth === path.length - 1;
      const target = last || !isNode(pair.value) ? pair.key : pair.value;
      if (isNode(target)) offset = target.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = (node as { items?: unknown[] } | null)?.items?.[Number(key)];
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}
