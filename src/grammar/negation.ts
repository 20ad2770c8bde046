import type { SchemaDocument } from './document.js';
import {
  asArray,
  asObject,
  asText,
  excludedKey,
  isSchema,
  notPatternKey,
  type Schema,
  type SchemaObject,
  schemaTypes,
} from './schema-node.js';

export interface Negation {
  /** A value that the schema refuses is accepted by one of these. */
  readonly options: readonly Schema[];
  /** Whether they accept nothing else. */
  readonly exact: boolean;
}

/** Schemas for all values that a schema refuses; null if that cannot be written as schemas. */
export function negated(schema: Schema, document: SchemaDocument, depth = 0): Negation | null {
  if (typeof schema === 'boolean') return { options: [!schema], exact: true };
  if (depth > 8) return null;
  const known = made.get(schema);
  if (known !== undefined) return known;
  const found = refusedBy(schema, document, depth);
  made.set(schema, found);
  return found;
}

/** A rule of the grammar is found again by the schemas that it is for, so these must be the same objects each time. */
const made = new WeakMap<SchemaObject, Negation | null>();

function refusedBy(schema: SchemaObject, document: SchemaDocument, depth: number): Negation | null {
  const parts: (Negation | null)[] = Object.entries(schema)
    .filter(([keyword]) => !isAnnotation(keyword))
    .map(
      ([keyword, value]) =>
        rules[keyword]?.(value, schema, (inner) => negated(inner, document, depth + 1), document) ?? null,
    );
  if (parts.some((part) => part === null)) return null;
  const known = parts.filter((part) => part !== null);
  return { options: known.flatMap(({ options }) => options), exact: known.every(({ exact }) => exact) };
}

function isAnnotation(keyword: string): boolean {
  return !Object.hasOwn(rules, keyword) && !unnegatable.has(keyword);
}

/** Say something about values, and have no rule below. */
const unnegatable = new Set(
  `patternProperties additionalProperties propertyNames dependencies dependentRequired dependentSchemas items
  prefixItems additionalItems uniqueItems contains minContains maxContains format multipleOf oneOf if nullable
  unevaluatedItems unevaluatedProperties $dynamicRef $recursiveRef exclusiveMinimum exclusiveMaximum`.split(/\s+/),
);

type Rule = (
  value: unknown,
  schema: SchemaObject,
  not: (schema: Schema) => Negation | null,
  document: SchemaDocument,
) => Negation | null;

const exactly = (...options: readonly Schema[]): Negation => ({ options, exact: true });

/** A bound of one type: its opposite holds of values of that type only. */
const opposite =
  (type: string, keyword: string, other: (value: number) => number | null): Rule =>
  (value, schema) => {
    const bound = typeof value === 'number' ? other(value) : null;
    if (type === 'number' && (schema.exclusiveMinimum === true || schema.exclusiveMaximum === true)) return null;
    return bound === null ? exactly() : exactly({ type, [keyword]: bound });
  };

const below = (value: number): number | null => (value <= 0 ? null : Math.ceil(value) - 1);
const above = (value: number): number => Math.floor(value) + 1;

const rules: Readonly<Record<string, Rule>> = {
  type(value) {
    const named = Array.isArray(value) ? value : [value];
    const others = schemaTypes.filter(
      (type) => !named.includes(type) && !(type === 'integer' && named.includes('number')),
    );
    // Numbers that are not integers have no type of their own.
    return { options: [{ type: others }], exact: !named.includes('integer') || named.includes('number') };
  },
  const: (value) => exactly(excluding([value])),
  enum: (value) => exactly(excluding(asArray(value))),
  not: (value) => (isSchema(value) ? exactly(value) : null),
  required: (value) =>
    exactly(...asArray(value).map((name) => ({ type: 'object', properties: { [String(name)]: false } }))),
  properties(value, _, not) {
    const parts = Object.entries(asObject(value)).map(([name, inner]) => {
      const refused = isSchema(inner) ? not(inner) : null;
      if (refused === null) return null;
      const options = refused.options
        .filter((option) => option !== false)
        .map((option) => ({ type: 'object', required: [name], properties: { [name]: option } }));
      return { options, exact: refused.exact };
    });
    return union(parts);
  },
  allOf: (value, _, not) => union(asArray(value).map((inner) => (isSchema(inner) ? not(inner) : null))),
  anyOf(value, _, not) {
    const parts = asArray(value).map((inner) => (isSchema(inner) ? not(inner) : null));
    if (parts.some((part) => part === null)) return null;
    const known = parts.filter((part) => part !== null);
    return {
      options: [{ allOf: known.map(({ options }) => (options.length === 0 ? false : { anyOf: options })) }],
      exact: known.every(({ exact }) => exact),
    };
  },
  $ref(value, schema, not, document) {
    const reference = asText(value);
    return reference === undefined ? null : not(document.resolve(reference, schema));
  },
  minimum: opposite('number', 'exclusiveMaximum', (value) => value),
  maximum: opposite('number', 'exclusiveMinimum', (value) => value),
  minLength: opposite('string', 'maxLength', below),
  maxLength: opposite('string', 'minLength', above),
  minItems: opposite('array', 'maxItems', below),
  maxItems: opposite('array', 'minItems', above),
  minProperties: opposite('object', 'maxProperties', below),
  maxProperties: opposite('object', 'minProperties', above),
  pattern: (value) =>
    exactly({ type: 'string', ...(typeof value === 'string' ? { [notPatternKey]: value } : {}) } as Schema),
};

function excluding(values: readonly unknown[]): Schema {
  return { [excludedKey]: values } as unknown as Schema;
}

function union(parts: readonly (Negation | null)[]): Negation | null {
  if (parts.some((part) => part === null)) return null;
  const known = parts.filter((part) => part !== null);
  return { options: known.flatMap(({ options }) => options), exact: known.every(({ exact }) => exact) };
}
