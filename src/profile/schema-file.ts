import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { SlmError, suggestion, usageError } from '../errors.js';
import { draftOf, isDraft, schemasIn } from '../grammar/drafts.js';
import { isObject, pointerSteps, type SchemaObject, valueAt } from '../grammar/schema-node.js';
import { withSchemaNumbers } from '../grammar/schema-numbers.js';
import { parseJson } from '../records/json-values.js';
import { readSettingsText } from '../settings-file.js';
import { parseYaml } from '../yaml.js';
import { shownPath } from './paths.js';

/** A schema with everything that it refers to in files beside it. */
export interface TaskSchema {
  /** One schema: the files that it refers to stand under `$defs`, each with an `$id`. */
  readonly value: unknown;
  /** All files that were read. */
  readonly files: readonly string[];
  /** `file:line:column` of a JSON pointer into `value`; null where it is in no file that we read. */
  place(pointer: string): string | null;
}

/** References may go up so many folders from the schema. */
const base = `schema:///${'up/'.repeat(8)}`;
/** Files that one schema may be made of. */
const mostFiles = 100;

/**
 * The file of a schema, and the JSON pointer after it. Folders and files may have `#` in their names, so that the longest
 * part that is a file counts; where none is, the pointer is what follows the last `#`.
 */
export function schemaPlace(written: string): { readonly file: string; readonly pointer: string } {
  const signs = [written.length, ...[...written.matchAll(/#/gu)].map(({ index }) => index).reverse()];
  const at = signs.find((end) => isFile(written.slice(0, end))) ?? signs[1] ?? written.length;
  return { file: written.slice(0, at), pointer: written.slice(at + 1) };
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Reads `invoice.schema.json`, `order.yaml`, or a part of a larger document, `api.yaml#/components/schemas/Order`.
 * @param written absolute, with the pointer
 */
export function readSchemaFile(written: string, cwd: string): TaskSchema {
  const { file: name, pointer } = schemaPlace(written);
  const folder = path.dirname(name);
  const value = readValue(name, cwd);
  if (pointer === '') return bundled(value, name, folder, cwd);
  const steps = pointerSteps(pointer);
  if (valueAt(value, steps) === undefined) {
    const names = Object.keys(asRecord(valueAt(value, steps.slice(0, -1))));
    const hint = names.length > 0 && names.length < 60 ? `There are ${names.join(', ')}.` : undefined;
    throw usageError(
      `${shownPath(name, cwd)}: nothing at "#${pointer}".${suggestion(steps.at(-1) ?? '', names)}`,
      hint,
    );
  }
  const $schema = schemaOf(value);
  const picked = { ...($schema === null ? {} : { $schema }), $ref: `${path.basename(name)}#${pointer}` };
  return bundled(picked, null, folder, cwd);
}

/** A schema that is written in the task.yaml, with the files that it refers to. */
export function inlineSchema(value: unknown, folder: string, cwd: string): TaskSchema {
  return bundled(withSchemaNumbers(value), null, folder, cwd);
}

/** The draft that a document is written in: OpenAPI 3.0 and Swagger have boolean exclusive bounds, as draft 4. */
function schemaOf(document: unknown): string | null {
  const { $schema, openapi, swagger } = asRecord(document);
  if (typeof $schema === 'string') return $schema;
  if (swagger !== undefined || /^3\.0/.test(String(openapi))) return 'http://json-schema.org/draft-04/schema#';
  return null;
}

function asRecord(value: unknown): SchemaObject {
  return isObject(value) ? value : {};
}

function readValue(file: string, cwd: string): unknown {
  const shown = shownPath(file, cwd);
  const text = readSettingsText(file, shown);
  const help = 'docs/tasks.md shows a schema.';
  const isYaml = /\.ya?ml$/iu.test(file);
  return withSchemaNumbers(isYaml ? parseYaml(text, shown, z.unknown(), help).written : parseJson(text, shown, help));
}

interface Beside {
  readonly file: string;
  readonly uri: string;
  readonly value: unknown;
}

function bundled(value: unknown, file: string | null, folder: string, cwd: string): TaskSchema {
  const beside = new Map<string, Beside>();
  const rootUri = file === null ? `${base}task.yaml` : uriOf(file, folder);
  const draft = draftOf(value);
  const known = new Set<string>();
  const visit = (schema: unknown, outer: string, here: string): void => {
    if (Array.isArray(schema)) for (const item of schema) visit(item, outer, here);
    if (!isObject(schema)) return;
    const id = schema[draft.id];
    const own = typeof id === 'string' && !id.startsWith('#') ? (joined(id, outer) ?? outer) : outer;
    known.add(own.replace(/#.*$/, ''));
    for (const [inner] of schemasIn(schema)) visit(inner, own, here);
    if (typeof schema.$ref === 'string' && !schema.$ref.startsWith('#')) refer(schema.$ref, own, here);
  };
  const refer = (reference: string, outer: string, here: string): void => {
    const uri = joined(reference.replace(/#.*$/, ''), outer);
    if (uri === null || beside.has(uri) || uri === rootUri) return;
    const found = fileFor(uri, folder, here);
    if (found === null || known.has(uri)) return;
    if (beside.size >= mostFiles) {
      throw usageError(`${shownPath(found, cwd)}: a schema may be made of at most ${mostFiles} files.`);
    }
    const inner = reduced(readValue(found, cwd), reference);
    beside.set(uri, { file: found, uri, value: inner });
    visit(inner, uri, path.dirname(found));
  };
  visit(value, rootUri, folder);
  checkVocabulary(value, rootUri, folder, cwd);
  if (beside.size === 0 || !isObject(value)) return plainSchema(value, file, cwd);
  const files = Object.fromEntries(
    [...beside.values()].map(({ uri, value: inner }) => [
      fileKey(uri),
      { ...(draft.refAlone ? referringInside(asRecord(inner)) : asRecord(inner)), [draft.id]: uri },
    ]),
  );
  // Old drafts ignore a base beside `$ref`: there the reference itself says all.
  const alone = draft.refAlone && typeof value.$ref === 'string';
  const named = typeof value[draft.id] === 'string';
  const root = {
    ...value,
    ...(alone ? { $ref: joined(String(value.$ref), rootUri) } : named ? {} : { [draft.id]: rootUri }),
    $defs: { ...asRecord(value.$defs), ...files },
  };
  return {
    value: root,
    files: [...(file === null ? [] : [file]), ...[...beside.values()].map((each) => each.file)],
    place(pointer) {
      const [first, key, ...rest] = pointerSteps(pointer);
      const inside = [...beside.values()].find(({ uri }) => first === '$defs' && fileKey(uri) === key);
      if (inside !== undefined) return placeIn(inside.file, rest, cwd);
      return file === null ? null : placeIn(file, pointerSteps(pointer), cwd);
    },
  };
}

/** A schema of schemas beside this one may say that keywords mean something else than usual, or nothing. */
function checkVocabulary(value: unknown, rootUri: string, folder: string, cwd: string): void {
  const named = asRecord(value).$schema;
  if (typeof named !== 'string' || isDraft(named)) return;
  const uri = joined(named, rootUri);
  const file = uri === null ? null : fileFor(uri, folder, folder);
  const vocabulary = file === null ? null : asRecord(readValue(file, cwd)).$vocabulary;
  if (file === null || !isObject(vocabulary)) return;
  const usual = ['core', 'applicator', 'validation'];
  const needed = Object.keys(vocabulary).filter((name) => vocabulary[name] === true);
  const isKnown = needed.every((name) => name.startsWith('https://json-schema.org/draft/'));
  if (isKnown && usual.every((part) => needed.some((name) => name.endsWith(`/vocab/${part}`)))) return;
  throw usageError(
    `${shownPath(file, cwd)}: a meta-schema with a "$vocabulary" of its own; slm cannot read schemas that use it.`,
    'Name one of the drafts in "$schema" instead.',
  );
}

function plainSchema(value: unknown, file: string | null, cwd: string): TaskSchema {
  return {
    value,
    files: file === null ? [] : [file],
    place: (pointer) => (file === null ? null : placeIn(file, pointerSteps(pointer), cwd)),
  };
}

/** Old drafts ignore an `$id` beside `$ref`. */
function referringInside({ $ref, ...rest }: SchemaObject): SchemaObject {
  return typeof $ref === 'string'
    ? { ...rest, allOf: [{ $ref }] }
    : { ...rest, ...($ref === undefined ? {} : { $ref }) };
}

const fileKey = (uri: string): string => `file ${uri.replace(base, '')}`;

/** The parts of an OpenAPI document that hold schemas; paths and examples are left out, since they may look like schemas. */
function reduced(document: unknown, reference: string): unknown {
  if (!isObject(document) || (document.openapi === undefined && document.swagger === undefined)) return document;
  const [first = ''] = pointerSteps(reference.replace(/^[^#]*/, ''));
  const kept = Object.entries(document).filter(([key]) =>
    ['components', 'definitions', '$defs', '$schema', first].includes(key),
  );
  const { components, ...rest } = Object.fromEntries(kept);
  if (!isObject(components)) return rest;
  const { examples: _, ...others } = components;
  return { ...rest, components: others };
}

function uriOf(file: string, folder: string): string {
  return new URL(path.relative(folder, file).split(path.sep).join('/'), base).href;
}

/** The file that a URI names: relative to the schema, or of the same name beside what refers to it. */
function fileFor(uri: string, folder: string, here: string): string | null {
  const relative = uri.startsWith('schema:///')
    ? path.posix.relative(new URL(base).pathname, new URL(uri).pathname)
    : null;
  const candidates =
    relative === null
      ? [path.join(here, path.posix.basename(new URL(uri).pathname))]
      : ['', '.json', '.yaml', '.schema.json'].map((suffix) => path.resolve(folder, decoded(relative) + suffix));
  return candidates.find(isFile) ?? null;
}

/** A name that is not percent-encoded, such as `50%.json`, is meant as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function joined(reference: string, outer: string): string | null {
  try {
    return new URL(reference, outer).href;
  } catch {
    return null;
  }
}

/** JSON is YAML, too. */
function placeIn(file: string, steps: readonly string[], cwd: string): string {
  const shown = shownPath(file, cwd);
  try {
    return parseYaml(readSettingsText(file, shown), shown, z.unknown(), '').at(steps);
  } catch (error) {
    if (error instanceof SlmError) return shown;
    throw error;
  }
}
