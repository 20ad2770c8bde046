import { messageOf, suggestion } from '../errors.js';
import { type Draft, draftOf, mapSchemasIn, schemasIn } from './drafts.js';
import { regExpOf } from './reg-exp.js';
import { SchemaError } from './schema-error.js';
import { isObject, isSchema, pointerSteps, pointerTo, type Schema, type SchemaObject, valueAt } from './schema-node.js';
import { checkNumbers, withSchemaNumbers } from './schema-numbers.js';

/** Brackets in each other: Ajv and llama.cpp call themselves for each level. */
const deepest = 200;
/** Objects and lists of a schema, so that all work on it ends in a second. */
const mostNodes = 200_000;

/** The outermost schema of each dynamic anchor, by the anchor's name (empty: `$recursiveAnchor`). */
export type DynamicScope = ReadonlyMap<string, SchemaObject>;

/** A schema made ready to be read: one draft, one form of `nullable` and `$ref`, and every reference resolved. */
export interface SchemaDocument {
  readonly draft: Draft;
  readonly root: Schema;
  /** The schema that `reference`, written in the schema `from`, names. */
  resolve(reference: string, from: SchemaObject): Schema;
  /** Where a schema stands, for messages. */
  pointerOf(schema: SchemaObject): string;
  /** Where a reference goes whose goal depends on the schemas that led to it; null where it is a plain one. */
  dynamicTarget(schema: SchemaObject, scope: DynamicScope): Schema | null;
  /** The scope with the anchors of the schema's resource, where no outer one has them. */
  entered(schema: SchemaObject, scope: DynamicScope): DynamicScope;
  /** The schemas that references lead to. */
  readonly targets: ReadonlySet<SchemaObject>;
}

/**
 * Reads a schema of any draft from 4 to 2020-12, or of OpenAPI. What is returned is a copy in which keywords beside
 * `$ref` are gone where the draft ignores them, and `nullable` without `type` is an `anyOf`.
 * @throws SchemaError
 */
export function readDocument(given: unknown): SchemaDocument {
  if (!isSchema(given)) {
    throw new SchemaError('#', 'a JSON Schema is an object such as {"type": "object", "properties": { … }}.');
  }
  checkSize(given);
  const schema = withSchemaNumbers(given) as Schema;
  const draft = draftOf(schema);
  const root = plain(schema, draft, true) as Schema;
  const index = indexOf(root, draft);
  const targets = new Set<SchemaObject>();
  const document: SchemaDocument = {
    draft,
    root,
    targets,
    resolve(reference, from) {
      const { base, pointer } = index.places.get(from) ?? { base: unnamed, pointer: '#' };
      return resolve(reference, base, pointerTo(pointer, '$ref'), index);
    },
    pointerOf: (inner) => index.places.get(inner)?.pointer ?? '#',
    entered(schema, scope) {
      const anchors = index.dynamic.get(index.places.get(schema)?.base ?? unnamed) ?? new Map<string, SchemaObject>();
      return [...anchors.keys()].every((name) => scope.has(name)) ? scope : new Map([...anchors, ...scope]);
    },
    dynamicTarget(schema, scope) {
      const reference = schema.$dynamicRef ?? schema.$recursiveRef;
      if (typeof reference !== 'string') return null;
      const target = document.resolve(reference, schema);
      if (!isObject(target)) return target;
      const name = schema.$dynamicRef === undefined ? '' : reference.replace(/^[^#]*#?/, '');
      const anchor = name === '' ? (target.$recursiveAnchor === true ? '' : null) : target.$dynamicAnchor;
      return anchor === name ? (scope.get(name) ?? target) : target;
    },
  };
  checkReferences(document, targets);
  return document;
}

/**
 * Every reference leads somewhere, and none leads back to where it stands within one value: whoever checked a value
 * would never come to an end.
 */
function checkReferences(document: SchemaDocument, targets: Set<SchemaObject>): void {
  const done = new Set<SchemaObject>();
  const waiting: unknown[] = [document.root];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (!isObject(schema) || done.has(schema)) continue;
    done.add(schema);
    for (const [inner] of schemasIn(schema)) waiting.push(inner);
    const target = typeof schema.$ref === 'string' ? document.resolve(schema.$ref, schema) : null;
    if (isObject(target)) targets.add(target);
    checkNumbers(schema, document.pointerOf(schema));
    if (typeof schema.pattern === 'string')
      checkPattern(schema.pattern, pointerTo(document.pointerOf(schema), 'pattern'));
    if (!isObject(schema.patternProperties)) continue;
    for (const pattern of Object.keys(schema.patternProperties)) {
      checkPattern(pattern, pointerTo(document.pointerOf(schema), 'patternProperties', pattern));
    }
  }
  const left = new Set<SchemaObject>();
  for (const start of done) {
    const path: { schema: SchemaObject; next: Schema[] }[] = [];
    const on = new Set<SchemaObject>();
    const enter = (schema: Schema): void => {
      if (!isObject(schema) || left.has(schema)) return;
      if (on.has(schema)) {
        throw new SchemaError(document.pointerOf(schema), 'refers to itself without a property or item in between.');
      }
      on.add(schema);
      path.push({ schema, next: sameValue(schema, document) });
    };
    enter(start);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const next = at.next.pop();
      if (next !== undefined) enter(next);
      else {
        path.pop();
        on.delete(at.schema);
        left.add(at.schema);
      }
    }
  }
}

function checkPattern(pattern: string, pointer: string): void {
  try {
    regExpOf(pattern);
  } catch (error) {
    throw new SchemaError(pointer, `${messageOf(error)}.`, undefined, error);
  }
}

/** The schemas that apply to the same value as `schema`. */
function sameValue(schema: SchemaObject, document: SchemaDocument): Schema[] {
  const found: unknown[] = ['not', 'if', 'then', 'else'].map((keyword) => schema[keyword]);
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const list = schema[keyword];
    if (Array.isArray(list)) found.push(...list);
  }
  if (typeof schema.$ref === 'string') found.push(document.resolve(schema.$ref, schema));
  return found.filter(isSchema);
}

function checkSize(schema: unknown): void {
  let count = 0;
  const waiting: [value: unknown, depth: number, key: string][] = [[schema, 0, '']];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > deepest) {
      throw new SchemaError('#', `nested too deeply; at most ${deepest} levels are read.`, 'Use "$defs" and "$ref".');
    }
    if (++count > mostNodes) {
      throw new SchemaError('#', `too large; at most ${mostNodes} objects and lists are read.`);
    }
    for (const [key, inner] of Object.entries(value)) waiting.push([inner, depth + 1, key]);
  }
}

/** Keywords that say something about values, and so are ignored beside `$ref` in old drafts. */
const beside = new Set(
  `type enum const nullable properties required patternProperties additionalProperties propertyNames minProperties
  maxProperties dependencies dependentRequired dependentSchemas items prefixItems additionalItems minItems maxItems
  uniqueItems contains minContains maxContains minLength maxLength pattern format minimum maximum exclusiveMinimum
  exclusiveMaximum multipleOf allOf anyOf oneOf not if then else unevaluatedItems unevaluatedProperties`.split(/\s+/),
);

function plain(schema: unknown, draft: Draft, isRoot: boolean): unknown {
  if (Array.isArray(schema)) return schema.map((item) => plain(item, draft, false));
  if (!isObject(schema)) return schema;
  const own: Record<string, unknown> = { ...schema };
  if (typeof schema.$ref === 'string' && draft.refAlone) {
    for (const key of Object.keys(own)) {
      if (beside.has(key) || (!isRoot && key === draft.id)) delete own[key];
    }
  }
  const copy = mapSchemasIn(own, (inner) => plain(inner, draft, false));
  if (copy.nullable === undefined || (copy.nullable === true && copy.type !== undefined)) return copy;
  const { nullable, ...rest } = copy;
  return nullable === true && Object.keys(rest).some((key) => beside.has(key) || key === '$ref')
    ? { anyOf: [rest, { type: 'null' }] }
    : rest;
}

/** The base of what has no `$id`; nothing is ever fetched from it. */
const unnamed = 'schema:///';

interface Index {
  readonly root: Schema;
  readonly places: WeakMap<object, { readonly base: string; readonly pointer: string }>;
  /** Resources by URI without fragment. */
  readonly resources: Map<string, unknown>;
  /** Anchors by URI with fragment. */
  readonly anchors: Map<string, Schema>;
  /** Dynamic anchors by the URI of their resource. */
  readonly dynamic: Map<string, Map<string, SchemaObject>>;
}

function indexOf(root: Schema, draft: Draft): Index {
  const index: Index = { root, places: new WeakMap(), resources: new Map(), anchors: new Map(), dynamic: new Map() };
  index.resources.set(unnamed, root);
  const visit = (schema: unknown, outer: string, pointer: string): void => {
    if (Array.isArray(schema)) {
      for (const [i, item] of schema.entries()) visit(item, outer, pointerTo(pointer, i));
    }
    if (!isObject(schema) || index.places.has(schema)) return;
    let base = outer;
    const id = schema[draft.id];
    const alone = draft.refAlone && typeof schema.$ref === 'string' && pointer !== '#';
    if (typeof id === 'string' && !alone) {
      const uri = joined(id, outer);
      if (/^#./.test(id)) index.anchors.set(uri, schema);
      else if (uri !== '') {
        base = uri.replace(/#.*$/, '');
        if (!index.resources.has(base) || base !== unnamed) index.resources.set(base, schema);
      }
    }
    index.places.set(schema, { base, pointer });
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const name = schema[keyword];
      if (typeof name === 'string') index.anchors.set(`${base}#${name}`, schema);
    }
    const dynamic = schema.$recursiveAnchor === true ? '' : schema.$dynamicAnchor;
    if (typeof dynamic === 'string') {
      index.dynamic.set(base, (index.dynamic.get(base) ?? new Map<string, SchemaObject>()).set(dynamic, schema));
    }
    for (const [inner, steps] of schemasIn(schema)) visit(inner, base, pointerTo(pointer, ...steps));
  };
  visit(root, unnamed, '#');
  return index;
}

function joined(reference: string, base: string): string {
  try {
    return new URL(reference, base).href;
  } catch {
    return '';
  }
}

function resolve(reference: string, base: string, from: string, index: Index): Schema {
  const hash = reference.indexOf('#');
  const address = hash === -1 ? reference : reference.slice(0, hash);
  const fragment = hash === -1 ? '' : reference.slice(hash + 1);
  const uri = address === '' ? base : joined(address, base);
  const resource = index.resources.get(uri);
  if (resource === undefined) {
    if (/^https?:\/\/json-schema\.org\/draft/.test(uri)) return true; // A schema of schemas: only checked.
    throw new SchemaError(
      from,
      `"${reference}" is not in this schema, nor in a file beside it.`,
      'Nothing is fetched from the network. Save that schema in the folder of this one, or copy it into "$defs".',
    );
  }
  const found =
    fragment === ''
      ? resource
      : fragment.startsWith('/')
        ? pointed(resource, fragment, reference, from)
        : index.anchors.get(`${uri}#${fragment}`);
  if (found === undefined) throw new SchemaError(from, `"${reference}" does not exist.`);
  if (!isSchema(found)) throw new SchemaError(from, `"${reference}" is not a schema.`);
  return found;
}

function pointed(resource: unknown, fragment: string, reference: string, from: string): unknown {
  const steps = pointerSteps(fragment);
  const found = valueAt(resource, steps);
  if (found !== undefined) return found;
  const parent = valueAt(resource, steps.slice(0, -1));
  const names = isObject(parent) ? Object.keys(parent) : [];
  throw new SchemaError(from, `"${reference}" does not exist.${suggestion(steps.at(-1) ?? '', names)}`);
}
