import { suggestion } from '../errors.js';
import type { SchemaDocument } from './document.js';
import { schemasIn } from './drafts.js';
import { formats } from './formats.js';
import { asArray, asObject, asText, isObject, pointerTo, type SchemaObject } from './schema-node.js';

/** Something in a schema that is legal, but looks like a slip. */
export interface SchemaNote {
  readonly pointer: string;
  readonly message: string;
}

const keywords = `$schema $id $ref $defs $anchor $comment $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor
  $vocabulary id definitions type enum const nullable properties required patternProperties additionalProperties
  propertyNames minProperties maxProperties dependencies dependentRequired dependentSchemas unevaluatedProperties items
  prefixItems additionalItems unevaluatedItems minItems maxItems uniqueItems contains minContains maxContains minLength
  maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf allOf anyOf oneOf not if then else
  title description default examples example deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema
  discriminator xml externalDocs`.split(/\s+/);

const known = new Set(keywords);
/** Objects of OpenAPI inside a schema that are no schemas. */
const noSchemas = new Set(['discriminator', 'xml', 'externalDocs']);
/** Keywords that are worth a guess: a slip in an annotation changes nothing. */
const guessed = keywords.slice(keywords.indexOf('definitions'), keywords.indexOf('title'));

/**
 * Unknown keywords, formats and required properties that are nearly known ones. By the specification, all of them say
 * nothing about values, so they are no errors.
 */
export function schemaNotes(document: SchemaDocument): SchemaNote[] {
  const notes: SchemaNote[] = [];
  const seen = new Set<SchemaObject>();
  const visit = (schema: unknown, pointer: string): void => {
    if (!isObject(schema) || seen.has(schema)) return;
    seen.add(schema);
    notes.push(...notesOn(schema, pointer));
    if (typeof schema.$ref === 'string') {
      const target = document.resolve(schema.$ref, schema);
      if (isObject(target)) visit(target, document.pointerOf(target));
    }
    for (const [inner, steps] of schemasIn(schema)) {
      const [keyword = ''] = steps;
      if (known.has(keyword) && !noSchemas.has(keyword)) visit(inner, pointerTo(pointer, ...steps));
    }
  };
  visit(document.root, '#');
  return notes;
}

function notesOn(schema: SchemaObject, pointer: string): SchemaNote[] {
  const notes: SchemaNote[] = [];
  for (const keyword of Object.keys(schema)) {
    const near = known.has(keyword) || keyword.startsWith('x-') ? '' : suggestion(keyword, guessed);
    if (near === '') continue;
    notes.push({
      pointer: pointerTo(pointer, keyword),
      message: `unknown keyword "${keyword}", which says nothing.${near}`,
    });
  }
  const source = schema['x-source'];
  if (source !== undefined && source !== 'copy' && source !== 'normalize') {
    notes.push({
      pointer: pointerTo(pointer, 'x-source'),
      message: `${JSON.stringify(source)} is neither "copy" nor "normalize", so it says nothing.`,
    });
  }
  const format = asText(schema.format);
  if (format !== undefined && !Object.hasOwn(formats, format)) {
    const near = suggestion(format, Object.keys(formats));
    if (near !== '') {
      notes.push({
        pointer: pointerTo(pointer, 'format'),
        message: `unknown format "${format}", which says nothing.${near}`,
      });
    }
  }
  const names = Object.keys(asObject(schema.properties));
  for (const [index, name] of asArray(schema.required).entries()) {
    if (typeof name !== 'string' || names.length === 0 || names.includes(name)) continue;
    const near = suggestion(name, names);
    if (near === '') continue;
    notes.push({
      pointer: pointerTo(pointer, 'required', index),
      message: `"${name}" is required but not in "properties".${near}`,
    });
  }
  return notes;
}
