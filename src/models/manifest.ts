import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { messageOf, modelError, type SlmError, suggestion, usageError } from '../errors.js';
import { bytesSchema, sha256Schema, sourceEntry, sourceSchema } from './source-entry.js';
import type { Manifest, SourceEntry } from './types.js';

const text = z.string().trim().min(1);
const licenseSchema = z.strictObject({ name: text, url: z.url(), notice: text.optional() });

const manifestSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be made of a-z, 0-9, ".", "_" and "-"'),
  title: text,
  family: text,
  parameters: text,
  quant: text,
  format: z.enum(['base', 'chat']),
  template: text.optional(),
  context: z.number().int().positive(),
  license: licenseSchema,
  bytes: bytesSchema.optional(),
  sha256: sha256Schema.optional(),
  verified: z.boolean().default(false),
  sources: z.array(sourceSchema).min(1),
});

/** Reads and checks one manifest. The file is called `<name>.yaml`. */
export function readManifest(file: string, own: boolean): Manifest {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    throw modelError(`${file} cannot be read: ${messageOf(error)}.`, undefined, error);
  }
  return parseManifest(source, file, own);
}

/** Throws a usageError that begins with `file:line:column:` of the first problem. */
export function parseManifest(source: string, file: string, own: boolean): Manifest {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const fail = (path: readonly PropertyKey[], message: string, hint?: string) =>
    usageError(`${place(offsetOf(document, path))}: ${message}`, hint);

  const [broken] = document.errors;
  if (broken !== undefined) throw usageError(`${place(broken.pos[0])}: ${broken.message.split('\n')[0]}`);
  const parsed = manifestSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    const { issues } = parsed.error;
    // A misspelt key explains why another one is missing.
    throw issueError(issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0], fail);
  }
  const { bytes, sha256, sources, ...rest } = parsed.data;
  if (!file.endsWith(`${rest.name}.yaml`)) {
    throw fail(['name'], `the name "${rest.name}" is not that of the file`, `Call the file ${rest.name}.yaml.`);
  }
  return {
    ...rest,
    bytes: bytes ?? null,
    sha256: sha256 ?? null,
    sources: sources.map((written, index): SourceEntry => {
      const entry = sourceEntry(written, dirname(file));
      if (typeof entry === 'string') throw fail(['sources', index], entry);
      return entry;
    }),
    file,
    own,
  };
}

function issueError(
  issue: z.core.$ZodIssue | undefined,
  fail: (path: readonly PropertyKey[], message: string, hint?: string) => SlmError,
): SlmError {
  if (issue === undefined) return fail([], 'is not valid');
  const where = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = Object.keys((where === 'license' ? licenseSchema : manifestSchema).shape);
    return fail([...issue.path, key], `unknown key "${key}".${suggestion(key, known)}`, `Known: ${known.join(', ')}.`);
  }
  if (issue.code === 'invalid_type' && /received undefined/.test(issue.message)) {
    return fail(issue.path, `"${where}" is missing.`);
  }
  return fail(issue.path, `"${where}" ${issue.message.replace(/^Invalid input: /, 'is wrong: ')}.`);
}

/** Offset of the key at `path`, or of the deepest part of the path that is there. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    const found = pair === undefined ? document.getIn(path.slice(0, path.indexOf(key) + 1), true) : pair.key;
    if (!isNode(found)) break;
    offset = found.range?.[0] ?? offset;
    node = pair === undefined ? found : pair.value;
  }
  return offset;
}
