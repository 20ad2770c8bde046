import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { suggestion, usageError } from '../errors.js';

/**
 * Parses YAML and checks it.
 * @param file as it shall stand in messages
 * @throws SlmError that names file, line and column of the first problem
 */
export function parseYaml<T>(source: string, file: string, schema: z.ZodType<T>): Parsed<T> {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw usageError(
      `${file}:${line}:${col}: ${problem.message.split('\n')[0]}`,
      'Check indentation and quotes there.',
    );
  }
  const at: Locate = (path) => {
    const { line, col } = lines.linePos(offsetOf(document.contents, path));
    return `${file}:${line}:${col}`;
  };
  const written: unknown = document.toJS() ?? {};
  const result = schema.safeParse(written);
  if (result.success) return { value: result.data, written, at };
  const [issue] = result.error.issues;
  if (issue === undefined) throw usageError(`${file}: not valid`);
  throw issueError(issue, at, schema);
}

export interface Parsed<T> {
  /** With defaults filled in. */
  readonly value: T;
  /** As it stands in the file. */
  readonly written: unknown;
  readonly at: Locate;
}

/** `file:line:column` of a value. */
export type Locate = (path: readonly PropertyKey[]) => string;

function issueError(issue: z.core.$ZodIssue, at: Locate, schema: z.ZodType): Error {
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
    if (deeper !== undefined)
      return issueError({ ...deeper, path: [...issue.path, ...deeper.path] } as z.core.$ZodIssue, at, schema);
  }
  const where = issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `;
  return usageError(`${at(issue.path)}: ${where}${issue.message}`, 'docs/tasks.md describes every key.');
}

/** The keys that an object of the schema may have at `path`; empty where that cannot be told. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: readonly unknown[] = [schema];
  for (const key of path) at = at.flatMap(unwrap).flatMap((inner) => step(inner, key));
  return [...new Set(at.flatMap(unwrap).flatMap((inner) => Object.keys((inner as Shaped).shape ?? {})))];
}

/** What of a zod schema says which keys it has. */
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
