import { suggestion, usageError } from '../errors.js';
import { formats } from './formats.js';
import { alternatives, charClass, createRules, literal, type Rules, repeat, sequence } from './gbnf-writer.js';
import { numberGrammar } from './numbers.js';
import { patternGrammar } from './pattern.js';
import { annotations, checkKeywords, type SchemaType, schemaTypes } from './schema-check.js';
import { mergeSchemas, same, typesOf } from './schema-merge.js';
import {
  asArray,
  asNumber,
  asObject,
  asSchema,
  asText,
  isObject,
  pointerTo,
  resolve,
  type Schema,
  type SchemaObject,
  subschemas,
} from './schema-node.js';
import { checkSchema } from './validate.js';

export interface GrammarOptions {
  /** Characters of a string without `maxLength`. Defaults to 500. */
  readonly maxStringLength?: number;
  /** Items of an array without `maxItems`, and entries of a map without `maxProperties`. Defaults to 50. */
  readonly maxArrayItems?: number;
  /** How often a definition that contains itself is entered, and levels of a value without a schema. Defaults to 4. */
  readonly maxDepth?: number;
}

/**
 * The JSON texts that a JSON Schema accepts, as compact GBNF: no white space, properties in the schema's order, and an
 * end to everything (strings, arrays, nesting), since small models do not find it by themselves.
 *
 * What is generated is a subset of what the schema allows:
 * - an object has only the listed properties unless `additionalProperties` says more, in which case the additional
 *   ones come last; `{"type": "object"}` without any properties is any object;
 * - `prefixItems` are all written unless `minItems` is smaller, and nothing after them unless `items` says so;
 * - without a `type`, the type follows from keywords such as `properties`, `items` or `minLength`;
 * - string escapes are `\" \\ \/ \b \f \n \r \t \uXXXX`; numbers have at most 16 digits before the point and 15 after.
 *
 * Not in the grammar, so check the value with `compileValidator`: `uniqueItems`, `multipleOf` other than powers of ten,
 * that only one case of `oneOf` holds, numbers of properties beside listed ones, keys that occur twice, lengths of
 * strings with a `format` or with a `pattern` in which several parts vary, keywords beside `enum` other than `type`.
 */
export function schemaToGrammar(schema: unknown, options: GrammarOptions = {}): string {
  if (isObject(schema)) checkKeywords(schema);
  checkSchema(schema);
  const rules = createRules();
  const writer: Writer = {
    root: asSchema(schema),
    rules,
    maxStringLength: options.maxStringLength ?? 500,
    maxArrayItems: options.maxArrayItems ?? 50,
    maxDepth: options.maxDepth ?? 4,
    references: new Map(),
    recursive: new Map(),
  };
  const root = write(writer, writer.root, { pointer: '#', name: 'value', depth: 0 });
  if (root === null) {
    throw usageError(
      'schema at #: no value is valid.',
      'Look for limits that contradict each other, or a definition that always contains itself.',
    );
  }
  return rules.write(root);
}

interface Writer {
  readonly root: Schema;
  readonly rules: Rules;
  readonly maxStringLength: number;
  readonly maxArrayItems: number;
  readonly maxDepth: number;
  /** What was written for a reference at a depth. */
  readonly references: Map<string, string | null>;
  readonly recursive: Map<string, boolean>;
}

/** Where in the schema we are. */
interface Place {
  readonly pointer: string;
  /** For the names of rules. */
  readonly name: string;
  /** How many self-containing definitions we are in. */
  readonly depth: number;
}

const inside = (place: Place, name: string | number, ...steps: readonly (string | number)[]): Place => ({
  ...place,
  pointer: pointerTo(place.pointer, ...steps),
  name: `${place.name}-${name}`,
});

/** An item for a sequence, or null when no value is valid. */
function write(writer: Writer, schema: Schema, place: Place): string | null {
  if (schema === false) return null;
  if (schema === true) return anyValue(writer, writer.maxDepth);
  const reference = asText(schema.$ref);
  if (reference !== undefined) {
    if (constraints(schema).length === 1) return writeReference(writer, reference, place);
    return writeMerged(writer, [schema], place);
  }
  if (schema.allOf !== undefined) return writeMerged(writer, [schema], place);
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    if (schema[keyword] !== undefined) return writeCases(writer, schema, keyword, place);
  }
  if (schema.const !== undefined || schema.enum !== undefined) return writeValues(writer, schema, place);
  const types = typesOf(schema) ?? inferredTypes(schema);
  if (types === null) return anyValue(writer, writer.maxDepth);
  const written = types
    .filter((type) => type !== 'integer' || !types.includes('number'))
    .map((type) => writers[type](writer, schema, place))
    .filter((item) => item !== null);
  return written.length === 0 ? null : alternatives(written);
}

function constraints(schema: SchemaObject): string[] {
  return Object.keys(schema).filter((key) => !annotations.has(key) && !key.startsWith('x-'));
}

// --- references, combinations -----------------------------------------------------------------------------------

/** One rule for each definition and depth, so that the grammar grows with the depth only linearly. */
function writeReference(writer: Writer, reference: string, place: Place): string | null {
  const depth = place.depth + (isRecursive(writer, reference) ? 1 : 0);
  if (depth > writer.maxDepth) return null;
  const key = `${depth} ${reference}`;
  const known = writer.references.get(key);
  if (known !== undefined) return known;
  const name = reference === '#' ? 'self' : (reference.split('/').at(-1) ?? 'definition');
  const body = write(writer, resolve(writer.root, reference, place.pointer), { pointer: reference, name, depth });
  const written = body === null || isShort(body) ? body : writer.rules.add(name, body);
  writer.references.set(key, written);
  return written;
}

/** Whether the definition contains itself. */
function isRecursive(writer: Writer, reference: string): boolean {
  const known = writer.recursive.get(reference);
  if (known !== undefined) return known;
  const target = resolve(writer.root, reference, '#');
  const seen = new Set<Schema>();
  const reaches = (schema: Schema): boolean => {
    if (typeof schema === 'boolean' || seen.has(schema)) return false;
    seen.add(schema);
    const next = asText(schema.$ref);
    const inner = [...subschemas(schema, '#')].map(([sub]) => sub);
    if (next !== undefined) inner.push(resolve(writer.root, next, '#'));
    return inner.some((sub) => sub === target || reaches(sub));
  };
  const found = reaches(target);
  writer.recursive.set(reference, found);
  return found;
}

/** `allOf`, and `$ref` with keywords beside it: everything merged into one schema. */
function writeMerged(writer: Writer, parts: readonly Schema[], place: Place): string | null {
  let depth = place.depth;
  let merged: Schema = true;
  const waiting = [...parts];
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (typeof part !== 'boolean') {
      const { $ref, allOf, ...rest } = part;
      const reference = asText($ref);
      if (reference !== undefined) {
        if (isRecursive(writer, reference)) depth++;
        if (depth > writer.maxDepth) return null;
        waiting.unshift(resolve(writer.root, reference, place.pointer));
      }
      waiting.push(...asArray(allOf).map(asSchema));
      part = rest;
    }
    merged = mergeSchemas(merged, part, place.pointer);
  }
  return write(writer, merged, { ...place, depth });
}

function writeCases(writer: Writer, schema: SchemaObject, keyword: 'anyOf' | 'oneOf', place: Place): string | null {
  const { [keyword]: cases, ...base } = schema;
  const alone = constraints(base).length === 0;
  const written = asArray(cases)
    .map((option, index) => {
      const at = inside(place, index + 1, keyword, index);
      return alone ? write(writer, asSchema(option), at) : writeMerged(writer, [base, asSchema(option)], at);
    })
    .filter((item) => item !== null);
  return written.length === 0 ? null : alternatives(written);
}

function writeValues(writer: Writer, schema: SchemaObject, place: Place): string | null {
  const types = typesOf(schema);
  const listed = schema.enum === undefined ? [schema.const] : asArray(schema.enum);
  const values = listed.filter(
    (value) =>
      (types === undefined || types.some((type) => hasType(value, type))) &&
      (schema.const === undefined || same(value, schema.const)),
  );
  if (values.length === 0) return null;
  const written = alternatives(values.map((value) => literal(JSON.stringify(value))));
  return isShort(written) ? written : writer.rules.add(place.name, written);
}

function hasType(value: unknown, type: SchemaType): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

/** The type that a schema without `type` talks about; null when it says nothing of the sort. */
function inferredTypes(schema: SchemaObject): readonly SchemaType[] | null {
  const has = (...keywords: string[]): boolean => keywords.some((keyword) => schema[keyword] !== undefined);
  const types = schemaTypes.filter((type) => {
    if (type === 'object') {
      return has('properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties');
    }
    if (type === 'array') return has('items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems');
    if (type === 'string') return has('minLength', 'maxLength', 'pattern', 'format');
    if (type === 'number') return has('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf');
    return false;
  });
  return types.length === 0 ? null : types;
}

// --- the types --------------------------------------------------------------------------------------------------

type TypeWriter = (writer: Writer, schema: SchemaObject, place: Place) => string | null;

const writers: Readonly<Record<SchemaType, TypeWriter>> = {
  object: writeObject,
  array: writeArray,
  string: writeString,
  number: (writer, schema) => writeNumber(writer, schema, false),
  integer: (writer, schema) => writeNumber(writer, schema, true),
  boolean: () => '("true" | "false")',
  null: () => '"null"',
};

function writeNumber(writer: Writer, schema: SchemaObject, integer: boolean): string | null {
  const range: Record<string, number> = {};
  for (const keyword of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']) {
    const bound = asNumber(schema[keyword]);
    if (bound !== undefined) range[keyword] = bound;
  }
  const step = asNumber(schema.multipleOf);
  const decimals =
    step === undefined ? null : /^(?:1|0\.0*1|1e-\d+)$/.test(String(step)) ? Math.round(-Math.log10(step)) : null;
  const whole = integer || (step !== undefined && Number.isInteger(step));
  const written = numberGrammar({
    ...range,
    integer: whole,
    ...(decimals === null ? {} : { fractionDigits: decimals }),
  });
  if (written === null || isShort(written)) return written;
  return writer.rules.add(whole ? 'integer' : 'number', written);
}

function writeString(writer: Writer, schema: SchemaObject, place: Place): string | null {
  const min = asNumber(schema.minLength) ?? 0;
  const max = asNumber(schema.maxLength) ?? Math.max(min, writer.maxStringLength);
  const format = asText(schema.format);
  const pattern = asText(schema.pattern);
  if (format !== undefined) {
    const body = formats[format]?.(writer.rules) ?? '';
    return writer.rules.add(`${format}-text`, `"\\"" ${body} "\\""`);
  }
  if (min > max) return null;
  if (pattern !== undefined) {
    const body = patternGrammar(pattern, { min, max }, writer.rules);
    return body === null ? null : writer.rules.add(`${place.name}-text`, sequence(['"\\""', body, '"\\""']));
  }
  return writer.rules.add('text', sequence(['"\\""', repeat(characterRule(writer), min, max, writer.rules), '"\\""']));
}

/**
 * One character of a JSON string. No halves of surrogate pairs as `\uXXXX`, so that every one counts as one character
 * and the text can be written as UTF-8.
 */
function characterRule(writer: Writer): string {
  const raw = charClass(
    [
      [0x22, 0x22],
      [0x5c, 0x5c],
      [0x7f, 0x7f],
      [0x00, 0x1f],
    ],
    true,
  );
  const hex = '[0-9a-fA-F]';
  const unit = `([0-9a-cA-CefEF] ${hex}{3} | [dD] [0-7] ${hex}{2})`;
  return writer.rules.add('char', `${raw} | "\\\\" (["\\\\/bfnrt] | "u" ${unit})`);
}

function writeArray(writer: Writer, schema: SchemaObject, place: Place): string | null {
  const old = Array.isArray(schema.items);
  const prefix = asArray(old ? schema.items : schema.prefixItems);
  const others = old ? schema.additionalItems : schema.items;
  const min = asNumber(schema.minItems) ?? prefix.length;
  let max =
    asNumber(schema.maxItems) ??
    Math.max(min, prefix.length + (prefix.length > 0 && others === undefined ? 0 : writer.maxArrayItems));

  const first: string[] = [];
  for (const [index, sub] of prefix.slice(0, max).entries()) {
    const item = write(writer, asSchema(sub), inside(place, index + 1, old ? 'items' : 'prefixItems', index));
    if (item === null) {
      max = index;
      break;
    }
    first.push(item);
  }
  let item: string | null = null;
  if (max > first.length) {
    const other = others === undefined ? prefix.length === 0 : asSchema(others);
    item = write(writer, other, inside(place, 'item', old ? 'additionalItems' : 'items'));
    if (item === null) max = first.length;
  }
  if (min > max) return null;

  const remaining = (index: number): string => {
    const comma = index === 0 ? '' : '","';
    const prefixed = first[index];
    if (prefixed === undefined) {
      if (item === null || max <= index) return '';
      const tail = writer.rules.add(`${place.name}-more`, `"," ${item}`);
      if (index > 0) return repeat(tail, Math.max(0, min - index), max - index, writer.rules);
      const all = sequence([item, repeat(tail, Math.max(0, min - 1), max - 1, writer.rules)]);
      return min === 0 ? alternatives(['', all]) : all;
    }
    if (index >= max) return '';
    const from = sequence([comma, prefixed, remaining(index + 1)]);
    return index >= min ? alternatives(['', from]) : from;
  };
  return writer.rules.add(place.name, sequence(['"["', remaining(0), '"]"']));
}

function writeObject(writer: Writer, schema: SchemaObject, place: Place): string | null {
  const properties = asObject(schema.properties);
  const required = new Set(asArray(schema.required).map(String));
  const open = schema.properties === undefined && schema.required === undefined;
  const additional = asSchema(schema.additionalProperties ?? open);
  const names = [...new Set([...Object.keys(properties), ...required])];
  const entries: Entry[] = [];
  for (const name of names) {
    if (!Object.hasOwn(properties, name) && additional === false) {
      throw usageError(
        `schema at ${pointerTo(place.pointer, 'required')}: "${name}" is required but not in "properties".${suggestion(name, Object.keys(properties))}`,
      );
    }
    const sub = Object.hasOwn(properties, name) ? asSchema(properties[name]) : additional;
    const value = write(writer, sub, inside(place, name, 'properties', name));
    if (value !== null) entries.push({ name, value, required: required.has(name) });
    else if (required.has(name)) return null;
  }
  const min = asNumber(schema.minProperties) ?? 0;
  const max = asNumber(schema.maxProperties) ?? Math.max(min, writer.maxArrayItems);
  const pair = additional === false ? null : writePair(writer, schema, additional, names, place);
  if (entries.length > 0) {
    const more =
      pair === null
        ? ''
        : repeat(writer.rules.add(`${place.name}-more`, `"," ${pair}`), 0, max - required.size, writer.rules);
    return writer.rules.add(place.name, sequence(['"{"', members(writer, entries, pair, more, place), '"}"']));
  }
  if (min > 0 && pair === null) return null;
  if (pair === null || max === 0) return min > max ? null : '"{}"';
  if (min > max) return null;
  const more = writer.rules.add(`${place.name}-more`, `"," ${pair}`);
  const all = sequence([pair, repeat(more, Math.max(0, min - 1), max - 1, writer.rules)]);
  return writer.rules.add(place.name, sequence(['"{"', min === 0 ? alternatives(['', all]) : all, '"}"']));
}

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly required: boolean;
}

/** Properties in order. Before the first required one, each may be the first that is written, hence without a comma. */
function members(writer: Writer, entries: readonly Entry[], pair: string | null, more: string, place: Place): string {
  const entry = ({ name, value }: Entry, comma: string): string =>
    sequence([literal(`${comma}${JSON.stringify(name)}:`), value]);
  const after = (index: number): string =>
    sequence([
      ...entries.slice(index).map((e) => (e.required ? entry(e, ',') : alternatives(['', entry(e, ',')]))),
      more,
    ]);
  const firstRequired = entries.findIndex((e) => e.required);
  if (firstRequired === 0) return sequence([...entries.slice(0, 1).map((e) => entry(e, '')), after(1)]);
  const last = firstRequired === -1 ? entries.length - 1 : firstRequired;
  const options = entries.slice(0, last + 1).map((e, index) => {
    const tail = after(index + 1);
    return sequence([entry(e, ''), isShort(tail) ? tail : writer.rules.add(`${place.name}-after-${e.name}`, tail)]);
  });
  if (firstRequired === -1) {
    if (pair !== null) options.push(sequence([pair, more]));
    options.push('');
  }
  return alternatives(options);
}

/** `"key":value` of a map; the key is none of the listed properties. */
function writePair(
  writer: Writer,
  schema: SchemaObject,
  value: Schema,
  names: readonly string[],
  place: Place,
): string | null {
  const written = write(writer, value, inside(place, 'value', 'additionalProperties'));
  const key =
    schema.propertyNames === undefined
      ? keyRule(writer, names)
      : write(
          writer,
          mergeSchemas({ type: 'string' }, asSchema(schema.propertyNames), place.pointer),
          inside(place, 'key', 'propertyNames'),
        );
  return written === null || key === null ? null : writer.rules.add(`${place.name}-pair`, `${key} ":" ${written}`);
}

const longestKey = 60;

/** A key without escapes (an escape could spell a listed name) that is not one of `names`. */
function keyRule(writer: Writer, names: readonly string[]): string {
  const unusable = '"\\\\\\x7f\\x00-\\x1f';
  const any = writer.rules.add('key-char', `[^${unusable}]`);
  if (names.length === 0) return writer.rules.add('key', `"\\"" ${repeat(any, 1, longestKey, writer.rules)} "\\""`);
  const some = writer.rules.add('key-rest', repeat(any, 0, longestKey, writer.rules));
  /** What may follow `prefix`, given the names that begin with it. */
  const unlike = (prefix: string, like: readonly string[]): string => {
    const next = new Map<string, string[]>();
    for (const name of like) {
      const char = [...name.slice(prefix.length)][0];
      if (char !== undefined) next.set(char, [...(next.get(char) ?? []), name]);
    }
    const chars = [...next.keys()].map((char) =>
      charClass([[char.codePointAt(0) ?? 0, char.codePointAt(0) ?? 0]]).slice(1, -1),
    );
    const options = [...next].map(([char, some]) => sequence([literal(char), unlike(prefix + char, some)]));
    options.push(`[^${unusable}${chars.join('')}] ${some}`);
    return alternatives(like.includes(prefix) || prefix === '' ? options : ['', ...options]);
  };
  return writer.rules.add('key', `"\\"" ${unlike('', names)} "\\""`);
}

/** Any JSON value with at most `levels` levels of objects and arrays. */
function anyValue(writer: Writer, levels: number): string {
  const place = { pointer: '#', name: 'any', depth: 0 };
  const plain = schemaTypes
    .filter((type) => !['object', 'array', 'integer'].includes(type))
    .map((type) => writers[type](writer, {}, place) ?? '');
  if (levels <= 0) return writer.rules.add('any', alternatives(plain));
  const inner = anyValue(writer, levels - 1);
  const list = (item: string, open: string, close: string): string => {
    const more = repeat(writer.rules.add('any-more', `"," ${item}`), 0, writer.maxArrayItems - 1, writer.rules);
    return `${open} (${sequence([item, more])})? ${close}`;
  };
  const pair = writer.rules.add('any-pair', `${keyRule(writer, [])} ":" ${inner}`);
  return writer.rules.add('any', alternatives([...plain, list(inner, '"["', '"]"'), list(pair, '"{"', '"}"')]));
}

/** Whether an item is better repeated than given a name. */
function isShort(item: string): boolean {
  return item.length <= 24;
}
