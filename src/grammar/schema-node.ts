import { suggestion, usageError } from '../errors.js';

/** A JSON Schema that is an object; `true` and `false` are handled where they occur. */
export type SchemaObject = Readonly<Record<string, unknown>>;
export type Schema = boolean | SchemaObject;

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` as a schema; the keyword check has made sure that it is one. */
export function asSchema(value: unknown): Schema {
  return typeof value === 'boolean' ? value : isObject(value) ? value : {};
}

export function asObject(value: unknown): SchemaObject {
  return isObject(value) ? value : {};
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A JSON pointer as a URI fragment, with one more step. */
export function pointerTo(pointer: string, ...steps: readonly (string | number)[]): string {
  return [pointer, ...steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}

/** What `$ref` names: a place in the same document. */
export function resolve(root: Schema, reference: string, from: string): Schema {
  if (reference !== '#' && !reference.startsWith('#/')) {
    throw usageError(
      `schema at ${pointerTo(from, '$ref')}: "${reference}" is not in this document.`,
      'Only references such as "#/$defs/name" are followed. Copy the definition into "$defs".',
    );
  }
  let value: unknown = root;
  for (const raw of reference.split('/').slice(1)) {
    const step = decode(raw);
    const next: unknown = Array.isArray(value) ? value[Number(step)] : isObject(value) ? value[step] : undefined;
    if (next === undefined || (isObject(value) && !Object.hasOwn(value, step))) {
      const names = isObject(value) ? Object.keys(value) : [];
      throw usageError(
        `schema at ${pointerTo(from, '$ref')}: "${reference}" does not exist.${suggestion(step, names)}`,
      );
    }
    value = next;
  }
  if (typeof value !== 'boolean' && !isObject(value)) {
    throw usageError(`schema at ${pointerTo(from, '$ref')}: "${reference}" is not a schema.`);
  }
  return value;
}

function decode(step: string): string {
  let text = step;
  try {
    text = decodeURIComponent(step);
  } catch {
    // Not percent-encoded: meant literally.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The schemas directly inside `schema`, with their pointers. Definitions count only where they are referred to. */
export function* subschemas(schema: SchemaObject, pointer: string): Generator<[Schema, string]> {
  for (const keyword of ['additionalProperties', 'propertyNames', 'items', 'additionalItems']) {
    const value = schema[keyword];
    if (typeof value === 'boolean' || isObject(value)) yield [value, pointerTo(pointer, keyword)];
  }
  for (const keyword of ['items', 'prefixItems', 'anyOf', 'oneOf', 'allOf']) {
    for (const [index, value] of asArray(schema[keyword]).entries()) {
      yield [asSchema(value), pointerTo(pointer, keyword, index)];
    }
  }
  for (const [name, value] of Object.entries(asObject(schema.properties))) {
    yield [asSchema(value), pointerTo(pointer, 'properties', name)];
  }
}
