import { onceEach } from '../lazy.js';
import type { SchemaDocument } from './document.js';
import { negated } from './negation.js';
import { regExpOf } from './reg-exp.js';
import {
  asArray,
  asNumber,
  asObject,
  asText,
  excludedKey,
  isObject,
  isSchema,
  notPatternKey,
  type Schema,
  type SchemaObject,
  type SchemaType,
  same,
  schemaTypes,
} from './schema-node.js';
import { type BoundKeyword, boundDigits } from './schema-numbers.js';

/**
 * Schemas are read as conditions that all hold (`allOf`, `$ref`, keywords beside each other) of a value that is one of
 * several kinds (`anyOf`, `oneOf`, `if`). A `Shape` is one such kind: no cases in it, everything about one value in
 * one place. Nested values stay lists of schemas, to be read when they are written, so recursion needs no care here.
 */
export interface Shape {
  /** Null: any. */
  types: ReadonlySet<SchemaType> | null;
  /** Null: any. */
  values: readonly unknown[] | null;
  readonly excluded: unknown[];

  readonly layers: ObjectLayer[];
  readonly names: Schema[];
  readonly required: Set<string>;
  minProperties: number;
  maxProperties: number;
  readonly otherProperties: Schema[];

  readonly lists: ListLayer[];
  readonly contains: Contains[];
  minItems: number | null;
  maxItems: number;
  unique: boolean;
  readonly otherItems: Schema[];

  readonly patterns: string[];
  readonly notPatterns: string[];
  readonly formats: string[];
  minLength: number;
  maxLength: number;

  readonly bounds: Bounds;
  /** Bounds in all digits, where those of `bounds` are rounded. */
  readonly longBounds: (readonly [keyword: BoundKeyword, digits: string])[];
  readonly steps: number[];

  /** `x-source`: where a value must come from. */
  source: 'copy' | 'normalize' | null;
}

/** The rules of one schema for properties, by their names. */
export interface ObjectLayer {
  readonly properties: ReadonlyMap<string, Schema>;
  readonly patterns: readonly (readonly [pattern: string, schema: Schema])[];
  readonly additional: Schema | undefined;
}

export interface ListLayer {
  readonly prefix: readonly Schema[];
  readonly rest: Schema | undefined;
}

export interface Contains {
  readonly schema: Schema;
  readonly min: number;
  readonly max: number;
}

export interface Bounds {
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** The alternatives of one value, not yet multiplied with each other. */
interface State {
  readonly shape: Shape;
  readonly pending: (readonly Schema[])[][];
  readonly seen: Set<Schema>;
  /** Whether anything but alternatives was said. */
  said: boolean;
  /** Whether more may be evaluated than the shape knows: by other cases of an `anyOf`, or a dynamic reference. */
  open: boolean;
}

/** More kinds of one value than this are not told apart; the check afterwards does. */
const mostShapes = 64;

export interface Expansion {
  readonly shapes: readonly Shape[];
  /** Set when nothing but one list of alternatives was said, so that each can be written by itself. */
  readonly cases: readonly (readonly Schema[])[] | null;
}

export interface Reader {
  readonly document: SchemaDocument;
  /** Called with a keyword that shapes do not hold, so that only the check sees to it. */
  readonly onUnheld: (keyword: string) => void;
}

/** The shape of the values that all of `schemas` accept. */
export function expand(schemas: readonly Schema[], reader: Reader): Expansion {
  const first: State = { shape: anyShape(), pending: [], seen: new Set(), said: false, open: false };
  if (!absorbAll(first, schemas, reader)) return { shapes: [], cases: null };
  if (!first.said && first.pending.length === 1) return { shapes: [], cases: first.pending[0] ?? [] };
  let states = [first];
  for (;;) {
    const open = states.find(({ pending }) => pending.length > 0);
    if (open === undefined) break;
    const next: State[] = [];
    const multiplied = states.reduce((sum, { pending }) => sum + (pending[0]?.length ?? 1), 0);
    const many = states.length > 1 && multiplied > mostShapes;
    if (many) reader.onUnheld('anyOf');
    for (const state of states) {
      const cases = state.pending.shift();
      if (cases === undefined || many) {
        next.push(state);
        continue;
      }
      for (const [index, schemas] of cases.entries()) {
        const branch = index === cases.length - 1 ? state : cloned(state);
        if (absorbAll(branch, schemas, reader)) next.push(branch);
      }
    }
    states = next;
  }
  for (const state of states) closeOthers(state, reader);
  return { shapes: states.map(({ shape }) => shape), cases: null };
}

/** `unevaluatedProperties` depends on everything around it and inside it. */
function closeOthers({ shape, open }: State, reader: Reader): void {
  for (const [keyword, others] of [
    ['unevaluatedProperties', shape.otherProperties],
    ['unevaluatedItems', shape.otherItems],
  ] as const) {
    if (others.length < 2 && !(open && others.length > 0)) continue;
    reader.onUnheld(keyword);
    others.splice(0);
  }
}

function anyShape(): Shape {
  return {
    types: null,
    values: null,
    excluded: [],
    layers: [],
    names: [],
    required: new Set(),
    minProperties: 0,
    maxProperties: Infinity,
    otherProperties: [],
    lists: [],
    contains: [],
    minItems: null,
    maxItems: Infinity,
    unique: false,
    otherItems: [],
    patterns: [],
    notPatterns: [],
    formats: [],
    minLength: 0,
    maxLength: Infinity,
    bounds: {},
    longBounds: [],
    steps: [],
    source: null,
  };
}

function cloned({ shape, pending, seen, said, open }: State): State {
  return {
    shape: {
      ...shape,
      excluded: [...shape.excluded],
      layers: [...shape.layers],
      names: [...shape.names],
      required: new Set(shape.required),
      otherProperties: [...shape.otherProperties],
      lists: [...shape.lists],
      contains: [...shape.contains],
      otherItems: [...shape.otherItems],
      patterns: [...shape.patterns],
      notPatterns: [...shape.notPatterns],
      formats: [...shape.formats],
      bounds: { ...shape.bounds },
      longBounds: [...shape.longBounds],
      steps: [...shape.steps],
    },
    pending: [...pending],
    seen: new Set(seen),
    said,
    open,
  };
}

/** Adds what the schemas say; false when nothing can fulfil it. */
function absorbAll(state: State, schemas: readonly Schema[], reader: Reader): boolean {
  const waiting = [...schemas];
  for (let schema = waiting.shift(); schema !== undefined; schema = waiting.shift()) {
    if (schema === true) continue;
    if (schema === false) return false;
    if (state.seen.has(schema)) continue;
    state.seen.add(schema);
    if (!absorb(state, schema, waiting, reader)) return false;
  }
  return true;
}

function absorb(state: State, schema: SchemaObject, waiting: Schema[], reader: Reader): boolean {
  for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const reference = asText(schema[keyword]);
    if (reference === undefined) continue;
    // Where a dynamic reference goes, the check knows.
    if (keyword !== '$ref') {
      reader.onUnheld(keyword);
      state.open = true;
      state.said = true;
    } else waiting.push(reader.document.resolve(reference, schema));
  }
  waiting.push(...schemasOf(schema.allOf));
  for (const keyword of ['anyOf', 'oneOf']) {
    if (schema[keyword] === undefined) continue;
    const cases = schemasOf(schema[keyword]).map((option) => [option, ...discriminated(schema, option, reader)]);
    if (keyword === 'oneOf') reader.onUnheld(keyword);
    else if (cases.length > 1) state.open = true;
    state.pending.push(cases);
  }
  if (isSchema(schema.not)) {
    const cases = negated(schema.not, reader.document);
    if (cases === null) reader.onUnheld('not');
    else {
      if (!cases.exact) reader.onUnheld('not');
      state.pending.push(cases.options.map((option) => [option]));
    }
  }
  if (isSchema(schema.if)) absorbCondition(state, schema, reader);
  absorbDependencies(state, schema);
  return absorbValues(state, schema) && absorbKinds(state, schema);
}

function schemasOf(value: unknown): Schema[] {
  return asArray(value).filter(isSchema);
}

const discriminators = new WeakMap<object, Schema[]>();

/** `discriminator` of OpenAPI: the property that names the case has the name of its schema. Made once for a case. */
function discriminated(schema: SchemaObject, option: Schema, reader: Reader): Schema[] {
  if (!isObject(option) || schema.discriminator === undefined) return [];
  const made = discriminators.get(option) ?? discriminator(schema, option, reader);
  discriminators.set(option, made);
  return made;
}

function discriminator(schema: SchemaObject, option: SchemaObject, reader: Reader): Schema[] {
  const { propertyName, mapping } = asObject(schema.discriminator);
  const reference = asText(option.$ref);
  if (typeof propertyName !== 'string' || reference === undefined) return [];
  const mapped = Object.entries(asObject(mapping)).filter(
    ([, to]) => to === reference || `#/components/schemas/${to}` === reference,
  );
  const names = mapped.length > 0 ? mapped.map(([name]) => name) : [reference.split('/').at(-1) ?? ''];
  const target = reader.document.resolve(reference, option);
  const named = isObject(target) ? asObject(target.properties)[propertyName] : undefined;
  // A case that names its own values is believed.
  if (isObject(named) && (named.const !== undefined || named.enum !== undefined)) return [];
  return [{ properties: { [propertyName]: { enum: names } } }];
}

function absorbCondition(state: State, schema: SchemaObject, reader: Reader): void {
  const condition = schema.if as Schema;
  const [yes, no] = [schema.then, schema.else].map((value): Schema => (isSchema(value) ? value : true));
  // Properties evaluated only by a condition count for `unevaluatedProperties`, which old drafts do not have.
  if (yes === true && no === true && reader.document.draft.refAlone) return;
  const otherwise = negated(condition, reader.document);
  if (otherwise?.exact !== true) reader.onUnheld('if');
  state.pending.push([
    [condition, yes as Schema],
    ...(otherwise?.options ?? [true]).map((option) => [option, no as Schema]),
  ]);
}

/** "With `a`, `b` too" is "no `a`, or `b`". */
function absorbDependencies(state: State, schema: SchemaObject): void {
  state.pending.push(...dependencies(schema));
}

/** Made once for a schema: a rule of the grammar is found again by the schemas that it is for. */
const dependencies = onceEach((schema: SchemaObject): (readonly Schema[])[][] => {
  const found: (readonly Schema[])[][] = [];
  for (const keyword of ['dependencies', 'dependentRequired', 'dependentSchemas']) {
    for (const [name, needed] of Object.entries(asObject(schema[keyword]))) {
      const then: Schema = Array.isArray(needed) ? { required: needed } : isSchema(needed) ? needed : true;
      if (then === true || (Array.isArray(needed) && needed.length === 0)) continue;
      const absent: Schema = { properties: { [name]: false } };
      found.push([[absent], [{ required: [name] }, then]]);
    }
  }
  return found;
});

function absorbValues(state: State, schema: SchemaObject): boolean {
  const { shape } = state;
  const own = schema as { [excludedKey]?: readonly unknown[]; [notPatternKey]?: string };
  const excluded = own[excludedKey];
  const notPattern = own[notPatternKey];
  if (excluded !== undefined) shape.excluded.push(...excluded);
  if (notPattern !== undefined) shape.notPatterns.push(notPattern);
  if (excluded !== undefined || notPattern !== undefined) state.said = true;
  const types = typesOf(schema);
  if (types !== null) {
    state.said = true;
    shape.types = shape.types === null ? new Set(types) : common(shape.types, new Set(types));
    if (shape.types.size === 0) return false;
  }
  const listed = [
    ...(Object.hasOwn(schema, 'const') ? [[schema.const]] : []),
    ...(Array.isArray(schema.enum) ? [schema.enum] : []),
  ];
  for (const values of listed) {
    state.said = true;
    shape.values =
      shape.values === null ? values : shape.values.filter((value) => values.some((other) => same(value, other)));
    if (shape.values.length === 0) return false;
  }
  const source = schema['x-source'];
  if (source === 'copy' || source === 'normalize') {
    state.said = true;
    shape.source = source;
  }
  return true;
}

function typesOf(schema: SchemaObject): readonly SchemaType[] | null {
  if (schema.type === undefined) return null;
  const named = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => schemaTypes.includes(type));
  return schema.nullable === true ? [...named, 'null'] : named;
}

function common(a: ReadonlySet<SchemaType>, b: ReadonlySet<SchemaType>): Set<SchemaType> {
  const within = (type: SchemaType, types: ReadonlySet<SchemaType>): boolean =>
    types.has(type) || (type === 'integer' && types.has('number'));
  return new Set([...a, ...b].filter((type) => within(type, a) && within(type, b)));
}

function absorbKinds(state: State, schema: SchemaObject): boolean {
  const said = [absorbObject, absorbList, absorbText, absorbNumber].map((take) => take(state.shape, schema));
  if (said.includes(true)) state.said = true;
  return true;
}

function absorbObject(shape: Shape, schema: SchemaObject): boolean {
  const { properties, patternProperties, additionalProperties, propertyNames, required } = schema;
  const additional = isSchema(additionalProperties) ? additionalProperties : undefined;
  let said = false;
  if (isObject(properties) || isObject(patternProperties) || additional !== undefined) {
    said = true;
    const entries = (value: unknown) =>
      Object.entries(asObject(value)).flatMap(([name, inner]) => (isSchema(inner) ? [[name, inner] as const] : []));
    shape.layers.push({ properties: new Map(entries(properties)), patterns: entries(patternProperties), additional });
  }
  if (isSchema(propertyNames)) shape.names.push(propertyNames);
  for (const name of asArray(required)) if (typeof name === 'string') shape.required.add(name);
  const min = asNumber(schema.minProperties);
  const max = asNumber(schema.maxProperties);
  if (min !== undefined) shape.minProperties = Math.max(shape.minProperties, min);
  if (max !== undefined) shape.maxProperties = Math.min(shape.maxProperties, max);
  if (isSchema(schema.unevaluatedProperties)) shape.otherProperties.push(schema.unevaluatedProperties);
  return (
    said ||
    Array.isArray(required) ||
    [propertyNames, min, max, schema.unevaluatedProperties].some((value) => value !== undefined)
  );
}

function absorbList(shape: Shape, schema: SchemaObject): boolean {
  const { items, prefixItems, additionalItems, contains } = schema;
  const old = Array.isArray(items);
  const prefix = schemasOf(old ? items : prefixItems);
  const rest = [old ? additionalItems : items].find(isSchema);
  const said = prefix.length > 0 || rest !== undefined;
  if (said) shape.lists.push({ prefix, rest });
  const min = asNumber(schema.minItems);
  const max = asNumber(schema.maxItems);
  if (min !== undefined) shape.minItems = Math.max(shape.minItems ?? 0, min);
  if (max !== undefined) shape.maxItems = Math.min(shape.maxItems, max);
  if (schema.uniqueItems === true) shape.unique = true;
  if (isSchema(contains)) {
    shape.contains.push({
      schema: contains,
      min: asNumber(schema.minContains) ?? 1,
      max: asNumber(schema.maxContains) ?? Infinity,
    });
  }
  if (isSchema(schema.unevaluatedItems)) shape.otherItems.push(schema.unevaluatedItems);
  return said || [min, max, schema.uniqueItems, contains, schema.unevaluatedItems].some((value) => value !== undefined);
}

function absorbText(shape: Shape, schema: SchemaObject): boolean {
  const pattern = asText(schema.pattern);
  const format = asText(schema.format);
  const min = asNumber(schema.minLength);
  const max = asNumber(schema.maxLength);
  if (pattern !== undefined && !shape.patterns.includes(pattern)) shape.patterns.push(pattern);
  if (format !== undefined && !shape.formats.includes(format)) shape.formats.push(format);
  if (min !== undefined) shape.minLength = Math.max(shape.minLength, min);
  if (max !== undefined) shape.maxLength = Math.min(shape.maxLength, max);
  return [pattern, format, min, max].some((value) => value !== undefined);
}

function absorbNumber({ bounds, longBounds, steps }: Shape, schema: SchemaObject): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const lower = (key: 'minimum' | 'exclusiveMinimum', value: unknown): void => {
    if (typeof value === 'number') bounds[key] = Math.max(bounds[key] ?? value, value);
  };
  const upper = (key: 'maximum' | 'exclusiveMaximum', value: unknown): void => {
    if (typeof value === 'number') bounds[key] = Math.min(bounds[key] ?? value, value);
  };
  // Draft 4 and OpenAPI 3.0: `exclusiveMinimum: true` beside `minimum`.
  lower(exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum', minimum);
  upper(exclusiveMaximum === true ? 'exclusiveMaximum' : 'maximum', maximum);
  lower('exclusiveMinimum', exclusiveMinimum);
  upper('exclusiveMaximum', exclusiveMaximum);
  longBounds.push(...(Object.entries(asObject(schema[boundDigits])) as [BoundKeyword, string][]));
  if (typeof multipleOf === 'number') steps.push(multipleOf);
  return [minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf].some((value) => value !== undefined);
}

/** The schemas of the property `name`: what every layer says of it. */
export function propertySchemas(shape: Shape, name: string): Schema[] {
  return shape.layers.flatMap((layer) => {
    const own = layer.properties.get(name);
    const found = layer.patterns.flatMap(([pattern, schema]) => (isFound(pattern, name) ? [schema] : []));
    if (own !== undefined) found.unshift(own);
    return found.length > 0 || layer.additional === undefined ? found : [layer.additional];
  });
}

const compiled = new Map<string, RegExp>();

/** Returns whether the pattern is found in the text. */
export function isFound(pattern: string, text: string): boolean {
  let regExp = compiled.get(pattern);
  if (regExp === undefined) {
    regExp = regExpOf(pattern);
    if (compiled.size > 1000) compiled.clear();
    compiled.set(pattern, regExp);
  }
  return regExp.test(text);
}

/** The schemas of the item at `index`. */
export function itemSchemas(shape: Shape, index: number): Schema[] {
  return shape.lists.flatMap(({ prefix, rest }) => {
    const own = prefix[index] ?? rest;
    return own === undefined ? [] : [own];
  });
}

/** The type that a shape without `type` talks about; null when it says nothing of the sort. */
export function presumedTypes(shape: Shape): ReadonlySet<SchemaType> | null {
  const types = new Set<SchemaType>();
  const { layers, names, required, otherProperties, lists, contains, otherItems, bounds, steps } = shape;
  if (layers.length + names.length + required.size + otherProperties.length > 0) types.add('object');
  if (shape.minProperties > 0 || shape.maxProperties < Infinity) types.add('object');
  if (lists.length + contains.length + otherItems.length > 0 || shape.unique) types.add('array');
  if (shape.minItems !== null || shape.maxItems < Infinity) types.add('array');
  if (shape.patterns.length + shape.notPatterns.length + shape.formats.length > 0) types.add('string');
  if (shape.minLength > 0 || shape.maxLength < Infinity || shape.source === 'copy') types.add('string');
  if (Object.keys(bounds).length + steps.length > 0) types.add('number');
  return types.size === 0 ? null : types;
}
