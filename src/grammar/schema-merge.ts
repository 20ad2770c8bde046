import { usageError } from '../errors.js';
import { annotations, type SchemaType } from './schema-check.js';
import { asArray, asObject, asSchema, isObject, type Schema, type SchemaObject } from './schema-node.js';

type Combine = (a: unknown, b: unknown, pointer: string) => unknown;

/**
 * A schema that accepts what both accept. A property or item that only one of them describes keeps that description.
 * Keywords that cannot be intersected (two different patterns, two references) are a usage error.
 */
export function mergeSchemas(a: Schema, b: Schema, pointer: string): Schema {
  if (a === false || b === false) return false;
  if (a === true) return b;
  if (b === true) return a;
  if (a.const !== undefined && b.const !== undefined && !same(a.const, b.const)) return false;
  const merged: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (annotations.has(key) || key.startsWith('x-')) continue;
    if (key === 'type' && a.type !== undefined && b.type !== undefined) continue;
    const [left, right] = [a[key], b[key]];
    if (left === undefined || right === undefined) merged[key] = left ?? right;
    else merged[key] = (combine[key] ?? mustBeEqual(key))(left, right, pointer);
  }
  if (merged.properties !== undefined) merged.properties = closeProperties(merged.properties, a, b);
  const [left, right] = [typesOf(a), typesOf(b)];
  if (left !== undefined && right !== undefined) {
    merged.type = commonTypes(left, right);
    delete merged.nullable;
  }
  return merged;
}

/** The types that `schema` names, "null" included for `nullable`; undefined when it names none. */
export function typesOf(schema: SchemaObject): readonly SchemaType[] | undefined {
  if (schema.type === undefined) return undefined;
  const named = (Array.isArray(schema.type) ? schema.type : [schema.type]) as readonly SchemaType[];
  return schema.nullable === true && !named.includes('null') ? [...named, 'null'] : named;
}

function commonTypes(a: readonly SchemaType[], b: readonly SchemaType[]): SchemaType[] {
  const within = (type: SchemaType, types: readonly SchemaType[]): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'));
  return [...new Set([...a, ...b])].filter((type) => within(type, a) && within(type, b));
}

const larger: Combine = (a, b) => Math.max(Number(a), Number(b));
const smaller: Combine = (a, b) => Math.min(Number(a), Number(b));
const both: Combine = (a, b, pointer) => mergeSchemas(asSchema(a), asSchema(b), pointer);
const either: Combine = (a, b) => a === true || b === true;
/** (a₁ or a₂) and (b₁ or b₂): every pair. */
const pairs: Combine = (a, b) => asArray(a).flatMap((x) => asArray(b).map((y) => ({ allOf: [x, y] })));

const combine: Readonly<Record<string, Combine>> = {
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  items: both,
  additionalProperties: both,
  propertyNames: both,
  uniqueItems: either,
  nullable: (a, b) => a === true && b === true,
  anyOf: pairs,
  oneOf: pairs,
  allOf: (a, b) => [...asArray(a), ...asArray(b)],
  required: (a, b) => [...new Set([...asArray(a), ...asArray(b)])],
  enum: (a, b) => asArray(a).filter((x) => asArray(b).some((y) => same(x, y))),
  properties: (a, b) => {
    const [left, right] = [asObject(a), asObject(b)];
    const names = new Set([...Object.keys(left), ...Object.keys(right)]);
    return Object.fromEntries(
      [...names].map((name) => {
        const [x, y] = [left[name], right[name]];
        return [name, x === undefined ? y : y === undefined ? x : { allOf: [x, y] }];
      }),
    );
  },
};

function mustBeEqual(keyword: string): Combine {
  return (a, b, pointer) => {
    if (same(a, b)) return a;
    throw usageError(
      `schema at ${pointer}: two different values of "${keyword}" apply to one value (by "allOf", "anyOf" or "$ref").`,
      'Write the combined schema yourself.',
    );
  };
}

/** `additionalProperties: false` in one schema forbids what only the other one lists. */
function closeProperties(properties: unknown, a: SchemaObject, b: SchemaObject): SchemaObject {
  const forbids = (closed: SchemaObject, name: string): boolean =>
    closed.additionalProperties === false && !Object.hasOwn(asObject(closed.properties), name);
  return Object.fromEntries(
    Object.entries(asObject(properties)).map(([name, value]) => [
      name,
      forbids(a, name) || forbids(b, name) ? false : value,
    ]),
  );
}

/** Equal as JSON; the order of keys does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => same(x, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}
