import { messageOf, suggestion, usageError } from '../errors.js';
import { formats } from './formats.js';
import { checkPattern } from './pattern.js';
import { asSchema, asText, pointerTo, resolve, type Schema, type SchemaObject, subschemas } from './schema-node.js';

export const schemaTypes = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
export type SchemaType = (typeof schemaTypes)[number];

const supported = [
  'type',
  'nullable',
  'enum',
  'const',
  '$ref',
  'anyOf',
  'oneOf',
  'allOf',
  'properties',
  'required',
  'additionalProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'items',
  'prefixItems',
  'additionalItems',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
];

/** Say nothing about which values are valid. */
export const annotations: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
]);

/** Known to JSON Schema, not to us: what to write instead. */
const unsupported: Readonly<Record<string, string>> = {
  not: 'Say what is allowed, with "enum" or "anyOf".',
  if: 'Write the cases as "anyOf".',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: 'Write the cases as "anyOf".',
  else: 'Write the cases as "anyOf".',
  patternProperties: 'Use "propertyNames" with a "pattern", and "additionalProperties" for the values.',
  contains: 'Use "prefixItems" for items that must be there.',
  minContains: 'Use "minItems".',
  maxContains: 'Use "maxItems".',
  dependentRequired: 'Write the cases as "anyOf".',
  dependentSchemas: 'Write the cases as "anyOf".',
  dependencies: 'Write the cases as "anyOf".',
  unevaluatedProperties: 'Properties that are not listed are left out anyway; remove it.',
  unevaluatedItems: 'Use "items": false.',
  $anchor: 'Refer to definitions as "#/$defs/name".',
  $dynamicAnchor: 'Refer to definitions as "#/$defs/name".',
  $dynamicRef: 'Refer to definitions as "#/$defs/name".',
  $recursiveRef: 'Refer to definitions as "#/$defs/name".',
  $recursiveAnchor: 'Refer to definitions as "#/$defs/name".',
  contentSchema: 'Describe the value itself instead of text that contains it.',
};

/**
 * Checks every schema that can be reached from `root`: only keywords that the grammar or the validation afterwards
 * honours, types, formats and patterns that exist. Throws a usage error with the JSON pointer.
 */
export function checkKeywords(root: Schema): void {
  const seen = new Set<Schema>();
  const check = (schema: Schema, pointer: string): void => {
    if (typeof schema === 'boolean' || seen.has(schema)) return;
    seen.add(schema);
    checkNames(schema, pointer);
    checkTypes(schema, pointer);
    checkText(schema, pointer);
    const reference = asText(schema.$ref);
    if (reference !== undefined) check(resolve(root, reference, pointer), reference);
    for (const [sub, at] of subschemas(schema, pointer)) check(sub, at);
  };
  check(asSchema(root), '#');
}

function checkNames(schema: SchemaObject, pointer: string): void {
  for (const keyword of Object.keys(schema)) {
    if (supported.includes(keyword) || annotations.has(keyword) || keyword.startsWith('x-')) continue;
    const advice = Object.hasOwn(unsupported, keyword) ? unsupported[keyword] : undefined;
    if (advice !== undefined) {
      throw usageError(`schema at ${pointerTo(pointer, keyword)}: "${keyword}" is not supported.`, advice);
    }
    const known = [...supported, ...annotations, ...Object.keys(unsupported)];
    throw usageError(
      `schema at ${pointerTo(pointer, keyword)}: unknown keyword "${keyword}".${suggestion(keyword, known)}`,
    );
  }
}

function checkTypes(schema: SchemaObject, pointer: string): void {
  const { type } = schema;
  for (const name of type === undefined ? [] : Array.isArray(type) ? type : [type]) {
    if (schemaTypes.includes(name)) continue;
    const shown = JSON.stringify(name);
    throw usageError(
      `schema at ${pointerTo(pointer, 'type')}: ${shown} is not a type.${suggestion(String(name), schemaTypes)}`,
      `Types: ${schemaTypes.join(', ')}.`,
    );
  }
  if (schema.nullable === true && type === undefined) {
    throw usageError(
      `schema at ${pointerTo(pointer, 'nullable')}: "nullable" needs a "type" beside it.`,
      'Or write "anyOf": [ … , {"type": "null"}].',
    );
  }
}

function checkText(schema: SchemaObject, pointer: string): void {
  const format = asText(schema.format);
  if (format !== undefined && !Object.hasOwn(formats, format)) {
    const names = Object.keys(formats);
    throw usageError(
      `schema at ${pointerTo(pointer, 'format')}: format "${format}" is not supported.${suggestion(format, names)}`,
      `Formats: ${names.join(', ')}. Or use "pattern".`,
    );
  }
  const pattern = asText(schema.pattern);
  if (pattern === undefined) return;
  if (format !== undefined) {
    throw usageError(`schema at ${pointer}: "pattern" and "format" together are not supported.`, 'Keep one of them.');
  }
  try {
    checkPattern(pattern);
  } catch (error) {
    throw usageError(
      `schema at ${pointerTo(pointer, 'pattern')}: ${messageOf(error)}.`,
      'Patterns have literals, ".", classes, \\d \\w \\s, groups, "|", quantifiers, and "^" and "$" around the whole.',
      error,
    );
  }
}
