import type { DynamicScope, SchemaDocument } from './document.js';
import { mapSchemasIn, schemasIn } from './drafts.js';
import { SchemaError } from './schema-error.js';
import { asArray, asObject, isObject, pointerTo, type Schema, type SchemaObject } from './schema-node.js';

/**
 * The schema as Ajv takes it without going wrong. Every reference, a dynamic one too, is `#/$defs/…`; there is no `$id`
 * and no anchor. No property is called `__proto__`, which Ajv leaves out. Where `unevaluatedProperties` or
 * `unevaluatedItems` ask what a condition has evaluated, `if` is an `anyOf`, whose cases Ajv does ask.
 */
export function localForm(document: SchemaDocument): Schema {
  const { root } = document;
  if (!isObject(root)) return root;
  const conditionsCount = /"unevaluated(?:Items|Properties)":/.test(JSON.stringify(root));
  if (conditionsCount) refuseCounted(document);
  const definitions = new Map<string, unknown>();
  const ids = new Map<object, number>();
  const idOf = (object: object): number => {
    const id = ids.get(object) ?? ids.size;
    ids.set(object, id);
    return id;
  };
  const waiting: (() => void)[] = [];
  /** A reference to `target` as it is in this scope. */
  const referring = (target: SchemaObject, outer: DynamicScope): string => {
    const scope = document.entered(target, outer);
    const key = [target, ...[...scope].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, schema]) => schema)]
      .map(idOf)
      .join('-');
    if (!definitions.has(key)) {
      definitions.set(key, true);
      waiting.push(() => definitions.set(key, local(target, scope)));
    }
    return `#/$defs/${key}`;
  };
  const local = (schema: unknown, outer: DynamicScope): unknown => {
    if (Array.isArray(schema)) return schema.map((item) => local(item, outer));
    if (!isObject(schema)) return schema;
    const scope = document.entered(schema, outer);
    const copy = mapSchemasIn(withoutNames(schema, document), (inner) => local(inner, scope));
    if (isObject(copy.properties) && Object.hasOwn(copy.properties, '__proto__')) {
      copy.patternProperties = { ...asObject(copy.patternProperties), ...protoPattern(copy.properties) };
    }
    const { if: condition, then = true, else: otherwise = true } = copy;
    const parts: unknown[] = [];
    if (conditionsCount && condition !== undefined) {
      parts.push({ anyOf: [{ allOf: [condition, then] }, { allOf: [{ not: condition }, otherwise] }] });
      for (const keyword of ['if', 'then', 'else']) delete copy[keyword];
    }
    if (Array.isArray(copy.enum) && copy.enum.length === 0) {
      parts.push(false);
      delete copy.enum;
    }
    const targets = [
      ...(typeof schema.$ref === 'string' ? [document.resolve(schema.$ref, schema)] : []),
      ...(document.dynamicTarget(schema, scope) === null ? [] : [document.dynamicTarget(schema, scope)]),
    ];
    const all = [
      ...targets.map((target) => (isObject(target) ? { $ref: referring(target, scope) } : target)),
      ...parts,
    ];
    // A schema of schemas: Ajv has those of its drafts.
    if (targets[0] === true && /^https?:\/\/json-schema\.org\//.test(String(schema.$ref))) {
      return { ...copy, $ref: schema.$ref };
    }
    if (all.length === 1 && parts.length === 0 && isObject(all[0])) return { ...copy, ...all[0] };
    return all.length === 0 ? copy : { ...copy, allOf: [...asArray(copy.allOf), ...all] };
  };
  const copy = local(root, document.entered(root, new Map())) as SchemaObject;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) next();
  return { ...copy, $defs: Object.fromEntries(definitions) };
}

/** From draft 2020-12 on, what `contains` has found counts as evaluated; Ajv does not know. */
function refuseCounted({ draft, root, pointerOf }: SchemaDocument): void {
  if (draft.name !== '2020-12') return;
  const found = new Map<string, SchemaObject>();
  const visit = (schema: unknown): void => {
    if (Array.isArray(schema)) schema.forEach(visit);
    if (!isObject(schema)) return;
    for (const keyword of ['contains', 'unevaluatedItems']) {
      if (schema[keyword] !== undefined) found.set(keyword, schema);
    }
    for (const [inner] of schemasIn(schema)) visit(inner);
  };
  visit(root);
  const place = found.get('unevaluatedItems');
  if (place === undefined || !found.has('contains')) return;
  throw new SchemaError(
    pointerTo(pointerOf(place), 'unevaluatedItems'),
    'in draft 2020-12, items that "contains" has found count as evaluated, which cannot be checked.',
    'Say "items": false, or name draft 2019-09 in "$schema".',
  );
}

const names = ['$anchor', '$dynamicAnchor', '$recursiveAnchor', '$ref', '$dynamicRef', '$recursiveRef'];

/** Without what names a schema, and without what is only there to be referred to. */
function withoutNames(schema: SchemaObject, { draft }: SchemaDocument): SchemaObject {
  const left = Object.entries(schema).filter(
    ([key, value]) =>
      !(key === draft.id && typeof value === 'string') &&
      !(names.includes(key) && typeof value !== 'object') &&
      !((key === '$defs' || key === 'definitions') && isObject(value)),
  );
  return Object.fromEntries(left);
}

function protoPattern(properties: SchemaObject): SchemaObject {
  return { '^__proto__$': Object.getOwnPropertyDescriptor(properties, '__proto__')?.value };
}
