import { once, onceEach } from '../lazy.js';
import { hasType, shapeMayAccept } from './acceptance.js';
import { readDocument, type SchemaDocument } from './document.js';
import { schemasIn } from './drafts.js';
import { alternatives, createRules, repeat, sequence } from './gbnf-writer.js';
import { type GrammarOptions, isShort, type Place, type Writer } from './grammar-writer.js';
import { oneOf } from './literals.js';
import { SchemaError } from './schema-error.js';
import { asArray, asText, isObject, isSchema, type Schema, type SchemaObject, type SchemaType } from './schema-node.js';
import { expand, presumedTypes, type Shape } from './shapes.js';
import { checkWellFormed } from './validate.js';
import { writeArray } from './write-array.js';
import { writeNumber } from './write-number.js';
import { plainKey, writeObject } from './write-object.js';
import { writeString } from './write-string.js';

export type { GrammarOptions } from './grammar-writer.js';

/** A grammar, and what of the schema it does not force. */
export interface SchemaGrammar {
  readonly grammar: string;
  /** Keywords that only the check afterwards sees to, sorted. */
  readonly unforced: readonly string[];
}

/**
 * Limits for generating: strings, arrays and nesting end, and only listed properties are allowed, since small models
 * do not find the end by themselves and fill in everything that is allowed.
 */
export const generationLimits = {
  maxStringLength: 500,
  maxArrayItems: 50,
  maxDepth: 4,
  presume: true,
} satisfies GrammarOptions;

/** The JSON texts that a JSON Schema accepts, as compact GBNF, without white space; see `writeSchemaGrammar`. */
export function schemaToGrammar(schema: unknown, options: GrammarOptions = {}): string {
  return writeSchemaGrammar(readDocument(schema), options).grammar;
}

/**
 * The grammar of a schema. Whatever cannot be forced leaves the grammar with more texts than the schema accepts, so
 * check the value with `compileCheck`: what is listed in `unforced`.
 *
 * String escapes are `\" \\ \/ \b \f \n \r \t \uXXXX`. With `presume`, numbers have at most 16 digits before the point
 * and 15 after, and a text of a `format` is of the usual form.
 * @throws SchemaError
 */
export function writeSchemaGrammar(document: SchemaDocument, options: GrammarOptions = {}): SchemaGrammar {
  checkWellFormed(document);
  const unforced = new Set<string>();
  const rules = createRules();
  const state: State = {
    reader: { document, onUnheld: (keyword) => unforced.add(keyword) },
    rules,
    maxStringLength: options.maxStringLength ?? Infinity,
    maxArrayItems: options.maxArrayItems ?? Infinity,
    maxDepth: options.maxDepth ?? Infinity,
    presume: options.presume ?? false,
    unlisted: options.unlisted ?? false,
    text: options.text ?? null,
    unforced: (keyword) => unforced.add(keyword),
    write: (schemas, place) => write(state, schemas, place),
    any: () => anyValue(state, Math.min(state.maxDepth, 1000)),
    written: new Map(),
    open: new Map(),
    above: [],
    ids: new Map(),
    recursive: once(() => recursiveSchemas(document)),
  };
  const root = write(state, [document.root], { name: 'value', depth: 0, level: 0 });
  // Some values need more levels than people usually have.
  if (root === null && state.maxDepth < deepRecursion) {
    return writeSchemaGrammar(document, { ...options, maxDepth: deepRecursion });
  }
  if (root === null) {
    throw new SchemaError(
      '#',
      'no value is valid.',
      'Look for limits that contradict each other, or a definition that always contains itself.',
    );
  }
  return { grammar: rules.write(root), unforced: [...unforced].sort() };
}

const deepRecursion = 12;

interface State extends Writer {
  /** The rules already written, by schemas and depth. */
  readonly written: Map<string, string | null>;
  /** Rules that are being written, by the same key. */
  readonly open: Map<string, { name: string; used: boolean }>;
  /** Keys of what is being written at the same place in the value: a case that leads back here adds nothing. */
  readonly above: string[];
  readonly ids: Map<SchemaObject, number>;
  readonly recursive: () => ReadonlySet<SchemaObject>;
}

/** A grammar larger than this takes llama.cpp seconds to read; from here on, values are any values, only checked. */
const largestGrammar = 4_000_000;
/** Values in values. */
const deepestLevel = 250;

function write(state: State, schemas: readonly Schema[], place: Place): string | null {
  if (schemas.includes(false)) return null;
  const objects = [...new Set(schemas.filter(isObject).map((schema) => referred(state, schema)))].filter(isObject);
  if (schemas.length > 0 && schemas.some((schema) => isObject(schema) && referred(state, schema) === false))
    return null;
  if (objects.length === 0) return state.any();
  if (state.rules.size > largestGrammar || place.level > deepestLevel) {
    state.unforced('(size)');
    return state.maxDepth < Infinity && place.level > deepestLevel ? null : state.any();
  }
  const depth = state.maxDepth < Infinity ? depthOf(state, objects, place) : 0;
  if (depth > state.maxDepth) return null;
  const key = `${objects
    .map((schema) => idOf(state, schema))
    .sort((a, b) => a - b)
    .join(' ')}/${depth}`;
  const known = state.written.get(key);
  if (known !== undefined) return known;
  if (state.above.includes(key)) return null;
  const open = state.open.get(key);
  if (open !== undefined && state.maxDepth === Infinity) {
    open.used = true;
    return open.name;
  }
  const rule = { name: state.maxDepth === Infinity ? state.rules.reserve(place.name) : '', used: false };
  state.open.set(key, rule);
  state.above.push(key);
  const body = writeBody(state, objects, { ...place, depth });
  state.above.pop();
  state.open.delete(key);
  let result = body === null || isShort(body) ? body : state.rules.add(place.name, body);
  if (rule.used) {
    state.rules.define(rule.name, result ?? '[^\\x00-\\U0010ffff]');
    if (result !== null) result = rule.name;
  }
  state.written.set(key, result);
  return result;
}

function writeBody(state: State, schemas: readonly Schema[], place: Place): string | null {
  const { shapes, cases } = expand(schemas, state.reader);
  if (cases !== null) {
    const written = cases.map((inner, index) =>
      write(state, inner, { ...place, name: `${place.name}-${index + 1}`, counted: true }),
    );
    return some(written);
  }
  return some(shapes.map((shape) => writeShape(state, shape, place)));
}

function some(written: readonly (string | null)[]): string | null {
  const possible = written.filter((item) => item !== null);
  return possible.length === 0 ? null : alternatives(possible);
}

function writeShape(state: State, shape: Shape, place: Place): string | null {
  if (shape.values !== null) {
    const types = shape.types;
    const values = shape.values.filter(
      (value) =>
        (types === null || [...types].some((type) => hasType(value, type))) &&
        shapeMayAccept({ ...shape, values: null }, value, state.reader),
    );
    if (values.length === 0) return null;
    const plain = state.presume ? values : values.filter((value) => typeof value !== 'object' || value === null);
    const others = state.presume ? [] : values.filter(isParted);
    return some([
      ...(plain.length === 0
        ? []
        : [
            oneOf(
              plain.map((value) => [JSON.stringify(value), '']),
              state.rules,
              place.name,
            ),
          ]),
      ...others.map((value) => write(state, [literalSchema(value)], { ...place, counted: true })),
    ]);
  }
  const presumed = shape.types ?? (state.presume ? presumedTypes(shape) : null);
  if (presumed === null && saysNothing(shape)) return state.any();
  const types = [...(presumed ?? everyType)];
  // A value of its own place begins in each of these.
  const above = state.above.splice(0);
  const written = types
    .filter((type) => type !== 'integer' || !types.includes('number'))
    .map((type) => writers[type](state, shape, place));
  state.above.push(...above);
  return some(written);
}

function isParted(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The schema of one list or object, whose keys may come in any order. */
const literalSchema = onceEach((value: object): Schema => {
  const inner = (each: unknown): Schema => (isParted(each) ? literalSchema(each) : { const: each });
  if (Array.isArray(value)) {
    return { type: 'array', prefixItems: value.map(inner), minItems: value.length, maxItems: value.length };
  }
  const entries = Object.entries(value);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, each]) => [name, inner(each)])),
    required: entries.map(([name]) => name),
    additionalProperties: false,
  };
});

const everyType: readonly SchemaType[] = ['object', 'array', 'string', 'number', 'boolean', 'null'];

function saysNothing(shape: Shape): boolean {
  return presumedTypes(shape) === null && shape.excluded.length === 0;
}

type TypeWriter = (writer: Writer, shape: Shape, place: Place) => string | null;

const writers: Readonly<Record<SchemaType, TypeWriter>> = {
  object: writeObject,
  array: writeArray,
  string: writeString,
  number: (writer, shape) => writeNumber(writer, shape, false),
  integer: (writer, shape) => writeNumber(writer, shape, true),
  boolean(_, shape) {
    const left = [true, false].filter((value) => !shape.excluded.includes(value));
    return left.length === 0 ? null : alternatives(left.map((value) => `"${value}"`));
  },
  null: (_, shape) => (shape.excluded.includes(null) ? null : '"null"'),
};

function idOf({ ids }: State, schema: SchemaObject): number {
  const known = ids.get(schema);
  if (known !== undefined) return known;
  ids.set(schema, ids.size);
  return ids.size - 1;
}

// --- recursion --------------------------------------------------------------------------------------------------

/** The target of a schema that is nothing but a reference: one rule for all that refer to it. */
function referred(state: State, schema: SchemaObject): Schema {
  let at: Schema = schema;
  for (let steps = 0; steps < 100 && isObject(at); steps++) {
    const reference = asText(at.$ref);
    if (reference === undefined || Object.keys(at).some((key) => key !== '$ref' && !isRemark(key))) return at;
    at = state.reader.document.resolve(reference, at);
  }
  return at;
}

const remarks = new Set(['$comment', 'title', 'description', 'default', 'examples', 'example', 'deprecated']);
const isRemark = (keyword: string): boolean => remarks.has(keyword);

/** One more where a definition that contains itself is entered, once for a value. */
function depthOf(state: State, schemas: readonly SchemaObject[], { depth, counted }: Place): number {
  if (counted === true) return depth;
  const seen = new Set<SchemaObject>();
  const waiting: Schema[] = [...schemas];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (!isObject(schema) || seen.has(schema)) continue;
    if (state.recursive().has(schema)) return depth + 1;
    seen.add(schema);
    const reference = asText(schema.$ref);
    if (reference !== undefined) waiting.push(state.reader.document.resolve(reference, schema));
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) waiting.push(...asArray(schema[keyword]).filter(isSchema));
    for (const keyword of ['if', 'then', 'else', 'not']) {
      const inner = schema[keyword];
      if (isSchema(inner)) waiting.push(inner);
    }
  }
  return depth;
}

/** Targets of references that contain themselves (Tarjan 1972, without recursion). */
function recursiveSchemas(document: SchemaDocument): ReadonlySet<SchemaObject> {
  const found = new Set<SchemaObject>();
  const edges = (schema: SchemaObject): { to: SchemaObject; reference: boolean }[] => {
    const inner = [...schemasIn(schema)].flatMap(([value]) =>
      isObject(value) ? [{ to: value, reference: false }] : [],
    );
    const reference = asText(schema.$ref);
    const target = reference === undefined ? undefined : document.resolve(reference, schema);
    return isObject(target) ? [...inner, { to: target, reference: true }] : inner;
  };
  const index = new Map<SchemaObject, number>();
  const low = new Map<SchemaObject, number>();
  const stack: SchemaObject[] = [];
  const onStack = new Set<SchemaObject>();
  const targets = new Set<SchemaObject>();
  if (!isObject(document.root)) return found;
  const work: { node: SchemaObject; edges: { to: SchemaObject; reference: boolean }[]; at: number }[] = [];
  const enter = (node: SchemaObject): void => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    onStack.add(node);
    work.push({ node, edges: edges(node), at: 0 });
  };
  enter(document.root);
  for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
    const edge = frame.edges[frame.at++];
    if (edge !== undefined) {
      if (edge.reference) targets.add(edge.to);
      if (!index.has(edge.to)) enter(edge.to);
      else if (onStack.has(edge.to)) low.set(frame.node, Math.min(low.get(frame.node) ?? 0, index.get(edge.to) ?? 0));
      continue;
    }
    work.pop();
    const { node } = frame;
    const parent = work.at(-1)?.node;
    if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(node) ?? 0));
    if (low.get(node) !== index.get(node)) continue;
    const group: SchemaObject[] = [];
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack.delete(member);
      group.push(member);
      if (member === node) break;
    }
    if (group.length > 1) for (const member of group) found.add(member);
  }
  return new Set([...found].filter((schema) => targets.has(schema)));
}

/** Any JSON value; with `maxDepth`, of at most so many levels of objects and arrays. */
function anyValue(state: State, levels: number): string {
  const { rules } = state;
  const shape = anyShapeOf(state);
  const place = { name: 'any', depth: 0, level: 0 };
  const plain = (['string', 'number', 'boolean', 'null'] as const).map(
    (type) => writers[type](state, shape, place) ?? '',
  );
  const key = plainKey(state, []);
  const endless = state.maxDepth === Infinity;
  const known = state.written.get(endless ? 'any' : `any ${levels}`);
  if (known !== undefined && known !== null) return known;
  if (!endless && levels <= 0) return rules.add('any', alternatives(plain));
  const name = endless ? rules.reserve('any') : '';
  if (endless) state.written.set('any', name);
  const inner = endless ? name : anyValue(state, levels - 1);
  const list = (item: string, openBy: string, closeBy: string): string => {
    const more = repeat(rules.add('any-more', `"," ${item}`), 0, state.maxArrayItems - 1, rules);
    return `${openBy} (${sequence([item, more])})? ${closeBy}`;
  };
  const pair = rules.add('any-pair', `${key} ":" ${inner}`);
  const body = alternatives([...plain, list(inner, '"["', '"]"'), list(pair, '"{"', '"}"')]);
  if (!endless) {
    const added = rules.add('any', body);
    state.written.set(`any ${levels}`, added);
    return added;
  }
  rules.define(name, body);
  return name;
}

function anyShapeOf(state: State): Shape {
  return expand([], state.reader).shapes[0] as Shape;
}
