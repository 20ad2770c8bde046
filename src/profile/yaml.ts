import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { suggestion, usageError } from '../errors.js';

/**
 * Parses YAML and checks it.
 * @param file as it shall stand in messages
 * @throws SlmError that names file, line and column of the first problem
 */
export function parseYaml<T>(source: string, file: string, schema: z.ZodType<T>): { value: T; at: Locate } {
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
  const result = schema.safeParse(document.toJS() ?? {});
  if (result.success) return { value: result.data, at };
  const [issue] = result.error.issues;
  if (issue === undefined) throw usageError(`${file}: not valid`);
  throw issueError(issue, at, schema);
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
  let at: unknown = schema;
  for (const key of path) at = shapeOf(at)?.[String(key)];
  return Object.keys(shapeOf(at) ?? {});
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  let at = schema as { shape?: Record<string, unknown>; def?: { innerType?: unknown } } | undefined;
  while (at !== undefined && at.shape === undefined && at.def?.innerType !== undefined)
    at = at.def.innerType as typeof at;
  return at?.shape;
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
